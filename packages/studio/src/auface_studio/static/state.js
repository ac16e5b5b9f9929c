// What the page shows, and where it keeps it: in the address, so that a link says it all.

export const state = {
  actions: [], // [code, side, level, doubt], as the server orders them
  codes: "0",
  person: 0,
  portrait: null,
  shows: "", // what the face in the portrait does already, in codes or words
  seed: 0,
  detail: "full",
  wording: 0,
  view: "face",
};

const past = [];
const listeners = [];

export const onChange = (listener) => listeners.push(listener);

export function change(values, { remember = true, source = "" } = {}) {
  if (remember) {
    past.push(JSON.stringify(state));
    if (past.length > 200) past.shift();
  }
  Object.assign(state, values);
  for (const listener of listeners) listener(values, source);
}

export function undo() {
  const last = past.pop();
  if (!last) return false;
  change(JSON.parse(last), { remember: false, source: "undo" });
  return true;
}

// "+" is part of the notation, so it stays readable in the address.
const pack = (value) => encodeURIComponent(value).replaceAll("%2B", "+");

export function address() {
  const parts = [`c=${pack(state.codes)}`, `p=${state.person}`];
  if (state.seed) parts.push(`s=${state.seed}`);
  if (state.detail !== "full") parts.push(`d=${state.detail}`);
  if (state.wording) parts.push(`w=${state.wording}`);
  if (state.view !== "face") parts.push(`v=${state.view}`);
  return "#" + parts.join("&");
}

export function fromAddress(hash) {
  const found = {};
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [key, value = ""] = part.split(/=(.*)/s);
    let text = "";
    try {
      text = decodeURIComponent(value);
    } catch { /* broken escapes: as if it were not there */ }
    const number = Number.parseInt(text, 10);
    if (key === "c") found.codes = text;
    if (key === "p" && number >= 0) found.person = number;
    if (key === "s" && number >= 0) found.seed = number;
    if (key === "w" && number >= 0) found.wording = number;
    if (key === "d" && ["brief", "full", "clinical", "prompt"].includes(text)) found.detail = text;
    if (key === "v" && ["face", "set", "read"].includes(text)) found.view = text;
  }
  return found;
}

// The level of a unit on a side: null when it is not there.
export function levelOf(actions, code, side) {
  for (const [c, s, level] of actions) {
    if (c === code && (s === side || s === "both" || s === "unequal" || side === "both")) return level;
  }
  return null;
}

// Actions with a unit's side set to a level; 0 takes it away. Equal sides are joined by the server.
export function withLevel(actions, unit, side, level) {
  const kept = actions.filter(([code]) => code !== unit.code);
  const sides = new Map();
  for (const [code, s, lv, doubt] of actions) {
    if (code !== unit.code) continue;
    const places = s === "both" || s === "unequal" ? unit.sides : [s === "one" ? unit.sides[0] : s];
    for (const place of places) sides.set(place, [code, place, lv, doubt]);
  }
  for (const place of side === "both" ? unit.sides : [side]) {
    if (level) sides.set(place, [unit.code, place, level, false]);
    else sides.delete(place);
  }
  return [...kept, ...sides.values()];
}
