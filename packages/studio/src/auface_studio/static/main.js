// The page: three views of one coding, and each change goes to all of them.

import { $, copy, h, toast } from "./dom.js";
import { get, Latest, post } from "./api.js";
import { address, change, fromAddress, onChange, state, undo } from "./state.js";
import { buildSliders, light, showSliders } from "./sliders.js";
import { showCodes, showText, showUnread } from "./words.js";
import { showTrace } from "./trace.js";
import { drawFace, drawRest, glow, setMaps } from "./face.js";
import { buildGallery, buildPortrait, showPerson } from "./people.js";
import { buildSet } from "./set.js";
import { buildRead } from "./read.js";

let start = null;
let view = null;
let writing = false;

function hover(keys) {
  glow(keys);
  light(keys);
}

const who = () => (state.portrait ? { portrait: state.portrait } : { person: state.person });

// What was changed goes to the server as it is; all views come back.
const looks = new Latest(async ({ asked, source }) => {
  try {
    view = await post("/api/look", { ...asked, detail: state.detail, seed: state.wording });
  } catch (error) {
    $("#codes-error").textContent = error.message;
    // An address that says no coding: a face at rest, and what was wrong stays to be read.
    if (!view) looks.wish({ asked: { codes: "0" }, source: "rest" });
    return;
  }
  if (source !== "rest") $("#codes-error").textContent = "";
  state.actions = view.actions;
  state.codes = view.codes;
  show(source);
  if (source !== "sliders") draw();
});

function show(source) {
  showCodes(view.codes, source !== "codes" && source !== "");
  if (source !== "sliders-only") showSliders();
  if (!writing || source !== "text") showText(view, hover);
  showUnread(source === "text" ? view : { unread: [], actions: [] });
  showTrace(view, hover);
  showPerson();
  $("#face-codes").textContent = view.codes === "0" ? "0, at rest" : view.codes;
  $("#face").alt = `Person ${state.portrait ? "of the portrait" : state.person}: ${view.text}`;
  history.replaceState(null, "", address());
}

function draw() {
  drawFace({ actions: state.actions, seed: state.seed, ...who() });
}

onChange((values, source) => {
  if ("view" in values) showView();
  if ("actions" in values && source !== "undo") {
    draw(); // beside the words, not after them
    looks.wish({ asked: { actions: state.actions }, source });
  } else if ("codes" in values) looks.wish({ asked: { codes: state.codes }, source });
  else if ("detail" in values || "wording" in values) looks.wish({ asked: { actions: state.actions }, source: "words" });
  if ("person" in values || "portrait" in values) {
    showPerson();
    drawRest({ seed: state.seed, ...who() });
    draw();
    history.replaceState(null, "", address());
  }
});

function showView() {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const mine = tab.dataset.view === state.view;
    tab.setAttribute("aria-selected", String(mine));
    tab.tabIndex = mine ? 0 : -1;
    $(`#view-${tab.dataset.view}`).hidden = !mine;
  }
  // What had the focus may be hidden now.
  const held = document.activeElement?.closest("[role=tabpanel]");
  if (held?.hidden) $(`#tab-${state.view}`).focus();
  history.replaceState(null, "", address());
}

const setCodes = (codes, source = "codes-set") => change({ codes }, { source });

function write(on) {
  writing = on;
  $("#text").hidden = on;
  $("#prose").hidden = !on;
  $("#edit").textContent = on ? "Done" : "Write it yourself";
  if (on) {
    $("#prose").value = view?.actions.length ? view.text : "";
    $("#prose").focus();
  } else {
    showText(view, hover);
    $("#edit").focus();
  }
}

function wire() {
  $("#codes").addEventListener("input", (event) => change({ codes: event.target.value }, { source: "codes" }));
  $("#codes").addEventListener("blur", () => view && showCodes(view.codes, $("#codes-error").textContent === ""));
  $("#prose").addEventListener("input", (event) => looks.wish({ asked: { text: event.target.value }, source: "text" }));
  $("#edit").addEventListener("click", () => write(!writing));
  $("#text").addEventListener("dblclick", () => write(true));
  $("#detail").addEventListener("change", (event) => change({ detail: event.target.value }));
  $("#reword").addEventListener("click", () => change({ wording: (state.wording + 1) % 1000 }));
  $("#clear").addEventListener("click", () => setCodes("0"));
  $("#mirror").addEventListener("click", mirror);
  $("#undo").addEventListener("click", back);
  $("#theme").addEventListener("click", theme);
  $("#help").addEventListener("click", () => $("#keys").showModal());
  // Not by the address: the address holds the coding.
  $(".skip").addEventListener("click", (event) => { event.preventDefault(); $(SKIP_TO[state.view]).focus(); });
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", () => change({ view: tab.dataset.view }, { remember: false }));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const tabs = [...document.querySelectorAll("[role=tab]")];
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
      next.click();
      next.focus();
    });
  }
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copyAs(button.dataset.copy));
  window.addEventListener("hashchange", () => change(fromAddress(location.hash), { source: "address" }));
  document.addEventListener("keydown", keys);
}

function copyAs(kind) {
  if (kind === "link") return copy(location.origin + "/" + address(), "link");
  return copy(view.copy[kind].replaceAll("{person}", state.person).replaceAll("{draw}", state.seed), kind);
}

function mirror() {
  const swap = { left: "right", right: "left" };
  const other = { 51: "52", 52: "51", 55: "56", 56: "55", 61: "62", 62: "61" };
  change({ actions: state.actions.map(([c, s, l, d]) => [other[c] ?? c, swap[s] ?? s, l, d]) }, { source: "mirror" });
}

function back() {
  if (!undo()) toast("Nothing to undo");
}

function theme() {
  const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
  try { localStorage.setItem("auface-theme", document.documentElement.dataset.theme); } catch { /* not kept then */ }
}

const KEYS = [
  ["0, A to E", "on a slider: its level"], ["← →", "on a slider: one level down or up"], ["/", "find a unit"], ["C", "to the codes"],
  ["T", "write the English yourself"], ["R", "everything to rest"], ["M", "exchange left and right"], ["[ and ]", "the person before, the next"],
  ["W", "other words for the same"], ["Ctrl Z", "undo"], ["?", "this list"],
];

const SKIP_TO = { face: "#codes", set: "#set-title", read: "#read-drop" };

function keys(event) {
  if ($("dialog[open]")) return; // what lies behind a dialog is not to change
  const typing = event.target.matches?.("textarea, select, input:not([type=range], [type=checkbox])");
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !typing) return event.preventDefault(), back();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing) return writing ? write(false) : event.target.blur();
  if (event.key === "?" && !typing) return event.preventDefault(), $("#keys").showModal();
  if (typing || state.view !== "face") return;
  const run = {
    "/": () => $("#find").focus(), c: () => $("#codes").focus(), t: () => write(true), r: () => setCodes("0"), m: mirror,
    "[": () => change({ person: (state.person + start.people - 1) % start.people, portrait: null }),
    "]": () => change({ person: (state.person + 1) % start.people, portrait: null }),
    w: () => $("#reword").click(),
  }[event.key];
  if (!run) return;
  event.preventDefault();
  run();
}

function buildHelp() {
  $("#keys").append(
    h("h2", {}, "Keys"), h("dl", {}, KEYS.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("p", { class: "source" }, `Generator ${start.model}; ${Object.entries(start.versions).map(([n, v]) => `${n} ${v}`).join(", ")}; detector ${start.detector ?? "none"}. Everything stays on this machine.`),
    h("form", { method: "dialog" }, h("button", {}, "Close")));
}

async function begin() {
  try { document.documentElement.dataset.theme = localStorage.getItem("auface-theme") ?? ""; } catch { /* as the system has it */ }
  if (!document.documentElement.dataset.theme) delete document.documentElement.dataset.theme;
  start = await get("/api/start");
  setMaps(start.maps);
  buildSliders(start, hover);
  buildGallery(start.people);
  buildPortrait();
  buildHelp();
  for (const preset of start.presets) $("#preset").append(h("option", { value: preset.drawn, title: preset.source }, `${preset.name} (${preset.codes})`));
  $("#preset").addEventListener("change", (event) => { if (event.target.value) setCodes(event.target.value); event.target.value = ""; });
  buildSet(start);
  buildRead(start, (codes) => { change({ view: "face" }); setCodes(codes); });
  wire();
  const found = fromAddress(location.hash);
  Object.assign(state, found, { codes: found.codes ?? "0", person: Math.min(found.person ?? 3, start.people - 1) });
  $("#detail").value = state.detail;
  showView();
  drawRest({ seed: state.seed, ...who() });
  looks.wish({ asked: { codes: state.codes }, source: "begin" });
}

begin().catch((error) => { document.body.append(h("p", { class: "noscript", role: "alert" }, error.message)); });
