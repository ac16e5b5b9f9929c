// The page: three views of one coding, and each change goes to all of them.

import { $, copy, h, say, toast } from "./dom.js";
import { get, Latest, post } from "./api.js";
import { address, change, fromAddress, onChange, state, undo } from "./state.js";
import { buildSliders, light, showSliders } from "./sliders.js";
import { showCodes, showText, showUnread } from "./words.js";
import { saidOf, showTrace } from "./trace.js";
import { drawFace, drawRest, glow, setMaps } from "./face.js";
import { buildGallery, buildPortrait, showPerson } from "./people.js";
import { buildSet } from "./set.js";
import { buildRead } from "./read.js";
import { buildHelp, help, lead, listen } from "./keys.js";

let start = null;
let view = null;
let writing = false;

function hover(keys) {
  glow(keys);
  light(keys);
}

const who = () => (state.portrait ? { portrait: state.portrait, shows: state.shows } : { person: state.person });

// What was changed goes to the server as it is; all views come back.
const looks = new Latest(async ({ asked, source }) => {
  try {
    view = await post("/api/look", { ...asked, detail: state.detail, seed: state.wording });
  } catch (error) {
    wrong(error.message);
    // An address that says no coding: a face at rest, and what was wrong stays to be read.
    if (!view) looks.wish({ asked: { codes: "0" }, source: "rest" });
    return;
  }
  if (source !== "rest") wrong("");
  // While a newer wish waits, the sliders are ahead of this answer: a key goes on from where they are.
  if (looks.next) return show(source, false);
  state.actions = view.actions;
  state.codes = view.codes;
  show(source);
  if (source !== "sliders") draw();
});

// What is wrong with the codes. It is said once the hand rests: half a code is wrong at each letter.
function wrong(text) {
  $("#codes-error").textContent = text;
  $("#codes").setAttribute("aria-invalid", String(text !== ""));
  if (text) say(text);
}

function show(source, newest = true) {
  showCodes(view.codes, source !== "codes" && source !== "");
  if (newest) showSliders();
  if (!writing || source !== "text") showText(view, hover);
  showUnread(source === "text" ? view : { unread: [], actions: [] });
  showTrace(view, hover);
  showPerson();
  announce(source);
  if (source !== "preset") $("#preset").value = start.presets.find((p) => p.drawn === view.codes)?.drawn ?? "";
  $("#face-codes").textContent = view.codes === "0" ? "0, at rest" : view.codes;
  $("#face").alt = `Person ${state.portrait ? "of the portrait" : state.person}: ${view.text}`;
  history.replaceState(null, "", address());
}

// What those who do not see the change hear of it: a slider says its own level, so only what gives
// way is new; of codes the words, of all else the codes.
let heard = "";
function announce(source) {
  const conflicts = saidOf(view);
  if (source === "codes" || source === "words") say(view.text);
  else if (source === "sliders") {
    if (conflicts !== heard) say(conflicts || "No units hold each other back");
  } else if (source !== "begin" && source !== "rest") {
    say([view.codes === "0" ? "at rest" : view.codes, conflicts, $("#unread").textContent].filter(Boolean).join(". "));
  }
  heard = conflicts;
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
  if ("person" in values || "portrait" in values || "shows" in values) {
    showPerson();
    drawRest({ seed: state.seed, ...who() });
    draw();
    if (!state.portrait && !$("#gallery").contains(document.activeElement)) say(`Person ${state.person}`);
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
  $(".skip").textContent = `Skip to ${SKIP_TO[state.view][1]}`;
  // What had the focus may be hidden now.
  const held = document.activeElement?.closest("[role=tabpanel]");
  if (held?.hidden) $(`#tab-${state.view}`).focus();
  history.replaceState(null, "", address());
}

const setCodes = (codes, source = "codes-set") => change({ codes }, { source });

function write(on, focus = true) {
  writing = on;
  $("#text").hidden = on;
  $("#prose").hidden = !on;
  $("#edit").textContent = on ? "Done" : "Write it yourself";
  if (on) {
    $("#prose").value = view?.actions.length ? view.text : "";
    if (focus) $("#prose").focus();
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
  $("#help").addEventListener("click", help);
  // Not by the address: the address holds the coding.
  $(".skip").addEventListener("click", (event) => { event.preventDefault(); $(SKIP_TO[state.view][0]).focus(); });
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.addEventListener("click", () => change({ view: tab.dataset.view }, { remember: false }));
    tab.addEventListener("keydown", (event) => {
      const tabs = [...document.querySelectorAll("[role=tab]")];
      const at = tabs.indexOf(tab) + tabs.length;
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[to % tabs.length];
      next.click();
      next.focus();
    });
  }
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copyAs(button.dataset.copy));
  window.addEventListener("hashchange", () => change(fromAddress(location.hash), { source: "address" }));
  listen({ run: letters(), undo: back, done: () => write(false) });
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

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const showTheme = () => $("#theme").setAttribute("aria-pressed", String(isDark()));

function theme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  showTheme();
  try { localStorage.setItem("auface-theme", document.documentElement.dataset.theme); } catch { /* not kept then */ }
}

// What the link at the top skips to, and what it calls it.
const SKIP_TO = { face: ["#codes", "the codes"], set: ["#set-title", "the design"], read: ["#read-drop", "the picture"] };

function letters() {
  const other = (step) => () => change({ person: (state.person + step + start.people) % start.people, portrait: null, shows: "" });
  return {
    "/": () => lead("#find"), c: () => lead("#codes"), t: () => { write(true, false); lead("#prose"); },
    r: () => setCodes("0"), m: mirror, "[": other(-1), "]": other(1), w: () => $("#reword").click(),
  };
}

// On a narrow page the sliders stand below the words and the views below the tools, and so they come
// in the order of the Tab key.
function arrange() {
  const narrow = matchMedia("(max-width: 760px)");
  const place = () => {
    const held = document.activeElement;
    $(narrow.matches ? ".explain" : ".stage").before($(".controls"));
    $(".bar").append($(narrow.matches ? ".bar nav" : ".tools"));
    if (held !== document.activeElement) held.focus();
  };
  place();
  narrow.addEventListener("change", place);
  // The face stays in sight above what is moved; what has the focus must not lie under it.
  const faces = $(".faces");
  new ResizeObserver(() => document.documentElement.style.setProperty("--stuck", `${faces.offsetHeight}px`)).observe(faces);
}

async function begin() {
  try { document.documentElement.dataset.theme = localStorage.getItem("auface-theme") ?? ""; } catch { /* as the system has it */ }
  if (!document.documentElement.dataset.theme) delete document.documentElement.dataset.theme;
  showTheme();
  start = await get("/api/start");
  setMaps(start.maps);
  buildSliders(start, hover);
  buildGallery(start.people);
  buildPortrait();
  buildHelp(start);
  for (const preset of start.presets) $("#preset").append(h("option", { value: preset.drawn, title: preset.source }, `${preset.name} (${preset.codes})`));
  $("#preset").addEventListener("change", (event) => { if (event.target.value) setCodes(event.target.value, "preset"); });
  buildSet(start);
  buildRead(start, (codes) => { change({ view: "face" }); setCodes(codes); });
  wire();
  const found = fromAddress(location.hash);
  Object.assign(state, found, { codes: found.codes ?? "0", person: Math.min(found.person ?? 3, start.people - 1) });
  $("#detail").value = state.detail;
  showView();
  arrange();
  drawRest({ seed: state.seed, ...who() });
  looks.wish({ asked: { codes: state.codes }, source: "begin" });
}

begin().catch((error) => { document.body.append(h("p", { class: "noscript", role: "alert" }, error.message)); });
