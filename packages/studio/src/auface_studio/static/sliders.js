// A slider for each unit: 0, A to E; both sides as one, or apart.

import { $, h, refill, say } from "./dom.js";
import { post } from "./api.js";
import { isOff, lettersAct } from "./letters.js";
import { LETTERS, LEVELS } from "./levels.js";
import { change, levelOf, state, withLevel } from "./state.js";

const GROUPS = [
  ["Brows", ["brows"]], ["Eyes", ["eyes"]], ["Cheeks and nose", ["cheeks", "nose"]],
  ["Lip corners", ["lip corners"]], ["Lips", ["upper lip", "lower lip", "lips", "mouth opening"]],
  ["Chin, jaw, tongue", ["chin", "jaw", "tongue", "neck"]], ["Head", ["head"]], ["Gaze", ["gaze"]],
];
const MARK = { left: "L", right: "R", top: "T", bottom: "B" };
const apart = new Set(); // units whose sides the hand, or a coding, took apart
const byCoding = new Set(); // those of them that only a coding did
const rows = new Map(); // code -> {unit, node, inputs}

let others = {}; // units without a slider: code -> name
let presets = [];
let hits = null; // codes that were looked for and found, or all

export function buildSliders(start, onHover) {
  const { units } = start;
  others = start.other;
  presets = start.presets;
  const root = $("#sliders");
  const seen = new Set();
  for (const [title, regions] of [...GROUPS, ["Other", []]]) {
    const members = units.filter((u) => !seen.has(u.code) && (regions.includes(u.region) || title === "Other"));
    if (!members.length) continue;
    members.forEach((u) => seen.add(u.code));
    root.append(h("section", { class: "group" }, h("h3", {}, title), members.map((u) => row(u, onHover))));
  }
  $("#find").addEventListener("input", (event) => find(event.target.value));
}

function row(unit, onHover) {
  const split = unit.sides.length > 1;
  const node = h("div", {
    class: "unit", "data-code": unit.code, title: unit.motion,
    onmouseenter: () => onHover([unit.key]), onmouseleave: () => onHover(null),
  });
  const inputs = new Map();
  rows.set(unit.code, { unit, node, inputs, split, onHover });
  const toggle = split && unit.whole
    // No stop of the Tab key while S on the slider does the same: that halves the way through the list.
    ? h("button", {
        class: "apart", "aria-pressed": "false", title: unit.sides[0] === "top" ? "Upper and lower lip apart, or as one" : "Its left and right apart, or as one",
        "aria-label": `${unit.code} ${unit.name}: sides apart`,
        onclick: () => turn(unit),
      }, unit.sides[0] === "top" ? "T·B" : "L·R")
    : null;
  node.append(h("span", { class: "num" }, unit.code), h("span", { class: "name" }, unit.name), toggle ?? "", h("div", { class: "tracks" }));
  if (split && !unit.whole) apart.add(unit.code);
  show(unit.code);
  return node;
}

// Both sides as one, or apart.
function turn(unit) {
  byCoding.delete(unit.code);
  if (apart.has(unit.code)) join(unit);
  else apart.add(unit.code);
  show(unit.code);
}

function join(unit) {
  apart.delete(unit.code);
  const level = Math.max(...unit.sides.map((side) => levelOf(state.actions, unit.code, side) ?? 0));
  change({ actions: withLevel(state.actions, unit, "both", level) }, { source: "sliders" });
}

function show(code) {
  const { unit, node, inputs, split, onHover } = rows.get(code);
  const isApart = split && apart.has(code);
  const wanted = isApart ? unit.sides : ["both"];
  if ([...inputs.keys()].join() !== wanted.join()) {
    inputs.clear();
    const tracks = wanted.map((side) => track(unit, side, inputs, onHover));
    refill($(".tracks", node), ...tracks);
    node.classList.toggle("is-apart", isApart);
    $(".apart", node)?.setAttribute("aria-pressed", String(isApart));
  }
  let acting = false;
  for (const [side, { input, out }] of inputs) {
    const level = levelOf(state.actions, code, side);
    const at = level === 0 ? 3 : level ?? 0; // coded as present without an intensity
    if (Number(input.value) !== at) input.value = String(at);
    input.style.setProperty("--at", String(at));
    input.setAttribute("aria-valuetext", level === 0 ? "acting, not scored" : LEVELS[at]);
    out.textContent = level === null ? "·" : level === 0 ? "?" : LETTERS[at];
    out.title = level === 0 ? "acting; how strongly is not said" : level === null ? "" : LEVELS[at];
    acting ||= level !== null;
  }
  node.classList.toggle("acting", acting);
}

function track(unit, side, inputs, onHover) {
  const place = { left: "its left", right: "its right", top: "upper lip", bottom: "lower lip", both: "" }[side];
  const input = h("input", {
    type: "range", min: 0, max: unit.graded ? 5 : 1, step: 1, value: 0,
    "aria-label": `${unit.code} ${unit.name}${place ? ", " + place : ""}`,
    "data-side": side, "data-keep": side,
    oninput: () => set(unit, side, Number(input.value), onHover),
    onkeydown: (event) => {
      if (isOff(event)) return;
      const at = LETTERS.indexOf(event.key.toUpperCase());
      const sides = event.key.toLowerCase() === "s" && unit.sides.length > 1 && unit.whole;
      if ((at < 0 && !sides) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      if (sides) return turn(unit);
      input.value = String(at); // at once: an arrow may follow before the server has answered
      set(unit, side, Number(input.value), onHover);
    },
  });
  // For the eye alone: the slider says its level itself, and an <output> would say it once more.
  const out = h("span", { class: "level", "aria-hidden": "true" }, "·");
  if (unit.sides.length > 1 && unit.whole) nameKey(input);
  inputs.set(side, { input, out });
  return h("label", { class: "track" }, MARK[side] ? h("span", { class: "side" }, MARK[side]) : "", input, out);
}

// What the keys of the sliders are, once letters act or no longer do.
export function showLetters() {
  for (const { unit, node, inputs, split } of rows.values()) {
    const toggle = $(".apart", node);
    if (toggle) toggle.tabIndex = lettersAct() ? -1 : 0;
    if (split && unit.whole) for (const { input } of inputs.values()) nameKey(input);
  }
}

function nameKey(input) {
  if (lettersAct()) input.setAttribute("aria-keyshortcuts", "S");
  else input.removeAttribute("aria-keyshortcuts");
}

function set(unit, side, level, onHover) {
  onHover(null); // the light would lie on the very place that moves
  change({ actions: withLevel(state.actions, unit, side, level) }, { source: "sliders" });
}

export function showSliders() {
  for (const [code, { unit, node, split }] of rows) {
    const mine = state.actions.filter(([c]) => c === code);
    const sides = mine.map(([, side]) => side);
    // Sides that differ cannot be shown as one; what a coding took apart, a coding joins again.
    if (split && sides.some((side) => unit.sides.includes(side))) {
      if (!apart.has(code)) byCoding.add(code);
      apart.add(code);
    } else if (byCoding.has(code) && unit.whole && !node.contains(document.activeElement)) {
      // Not under the hand: a side that passes the level of the other would lose its slider.
      byCoding.delete(code);
      apart.delete(code);
    }
    show(code);
  }
  narrow();
}

// To the slider of the first of the units that has one.
export function toSlider(keys) {
  const found = keys.map((key) => [...rows.values()].find(({ unit }) => unit.key === key)).find(Boolean);
  if (!found) return;
  found.node.hidden = found.node.parentElement.hidden = false;
  $("input", found.node).focus();
}

export function light(keys) {
  for (const { unit, node } of rows.values()) node.classList.toggle("lit", keys?.includes(unit.key) ?? false);
}

// By number, name, region or muscle; else by what English says of a face: "smile" is 12.
async function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  hits = words.length ? new Set([...rows.values()].filter(({ unit }) => named(unit, words)).map(({ unit }) => unit.code)) : null;
  let note = [];
  if (hits && !hits.size) {
    const said = await post("/api/look", { text }).catch(() => ({ actions: [] }));
    if ($("#find").value !== text) return; // another word has been typed since
    const codes = said.actions.map(([code]) => code);
    hits = new Set(codes.filter((code) => rows.has(code)));
    note = noteOn(text, codes, hits);
  }
  $("#find-note").replaceChildren(...note);
  narrow();
  if (note.length) say($("#find-note").textContent);
  else if (hits) say(`${hits.size} ${hits.size === 1 ? "unit" : "units"} found`);
}

function named(unit, words) {
  const hay = `${unit.code} au${unit.code} ${unit.name} ${unit.region} ${unit.motion} ${unit.muscles.join(" ")}`.toLowerCase();
  return words.every((w) => (/^\d+$/.test(w) ? unit.code === w : hay.includes(w)));
}

function noteOn(text, codes, found) {
  const preset = presets.find((p) => p.name.toLowerCase().startsWith(text.trim().toLowerCase()));
  if (preset) return ["A preset: ", h("button", { onclick: () => change({ codes: preset.drawn }, { source: "codes-set" }) }, `${preset.name} (${preset.codes})`)];
  const none = codes.filter((code) => others[code]);
  if (none.length) return [`No slider: ${none.map((code) => `${code} ${others[code]}`).join(", ")} is not drawn.`];
  return found.size ? [] : ["No unit by that name. Try a part of the face, a muscle, a number, or a word such as smile."];
}

// Only what was found is shown, and what acts: no unit works unseen, and none goes under the hand.
function narrow() {
  for (const { unit, node } of rows.values()) {
    node.hidden = hits !== null && !hits.has(unit.code) && !node.classList.contains("acting") && !node.contains(document.activeElement);
  }
  for (const group of document.querySelectorAll(".group")) {
    group.hidden = ![...group.querySelectorAll(".unit")].some((unit) => !unit.hidden);
  }
}
