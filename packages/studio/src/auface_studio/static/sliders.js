// A slider for each unit: 0, A to E; both sides as one, or apart.

import { $, h } from "./dom.js";
import { change, levelOf, state, withLevel } from "./state.js";

const LETTERS = "0ABCDE";
const WORDS = ["not acting", "A, a trace", "B, slight", "C, marked", "D, severe", "E, maximal"];
const GROUPS = [
  ["Brows", ["brows"]], ["Eyes", ["eyes"]], ["Cheeks and nose", ["cheeks", "nose"]],
  ["Lip corners", ["lip corners"]], ["Lips", ["upper lip", "lower lip", "lips", "mouth opening"]],
  ["Chin, jaw, tongue", ["chin", "jaw", "tongue", "neck"]], ["Head", ["head"]], ["Gaze", ["gaze"]],
];
const MARK = { left: "L", right: "R", top: "T", bottom: "B" };
const apart = new Set();
const rows = new Map(); // code -> {unit, node, inputs}

export function buildSliders(units, onHover) {
  const root = $("#sliders");
  const seen = new Set();
  for (const [title, regions] of [...GROUPS, ["Other", []]]) {
    const members = units.filter((u) => !seen.has(u.code) && (regions.includes(u.region) || title === "Other"));
    if (!members.length) continue;
    members.forEach((u) => seen.add(u.code));
    root.append(h("section", { class: "group" }, h("h3", {}, title), members.map((u) => row(u, onHover))));
  }
  $("#find").addEventListener("input", (event) => filter(event.target.value));
}

function row(unit, onHover) {
  const split = unit.sides.length > 1;
  const node = h("div", {
    class: "unit", "data-code": unit.code, title: unit.motion,
    onmouseenter: () => onHover([unit.key]), onmouseleave: () => onHover(null),
  });
  const inputs = new Map();
  rows.set(unit.code, { unit, node, inputs, split });
  const toggle = split && unit.whole
    ? h("button", {
        class: "apart", "aria-pressed": "false", title: "Its two sides apart, or as one",
        "aria-label": `${unit.code} ${unit.name}: sides apart`,
        onclick: () => { apart.has(unit.code) ? join(unit) : apart.add(unit.code); show(unit.code); },
      }, unit.sides[0] === "top" ? "T·B" : "L·R")
    : null;
  node.append(h("span", { class: "num" }, unit.code), h("span", { class: "name" }, unit.name), toggle ?? "", h("div", { class: "tracks" }));
  if (split && !unit.whole) apart.add(unit.code);
  show(unit.code);
  return node;
}

function join(unit) {
  apart.delete(unit.code);
  const level = Math.max(...unit.sides.map((side) => levelOf(state.actions, unit.code, side) ?? 0));
  change({ actions: withLevel(state.actions, unit, "both", level) }, { source: "sliders" });
}

function show(code) {
  const { unit, node, inputs, split } = rows.get(code);
  const isApart = split && apart.has(code);
  const wanted = isApart ? unit.sides : ["both"];
  if ([...inputs.keys()].join() !== wanted.join()) {
    inputs.clear();
    const tracks = wanted.map((side) => track(unit, side, inputs));
    $(".tracks", node).replaceChildren(...tracks);
    node.classList.toggle("is-apart", isApart);
    $(".apart", node)?.setAttribute("aria-pressed", String(isApart));
  }
  let acting = false;
  for (const [side, { input, out }] of inputs) {
    const level = levelOf(state.actions, code, side);
    const at = level === 0 ? 3 : level ?? 0; // coded as present without an intensity
    if (Number(input.value) !== at) input.value = String(at);
    input.style.setProperty("--at", String(at));
    input.setAttribute("aria-valuetext", level === 0 ? "acting, not scored" : WORDS[at]);
    out.textContent = level === null ? "·" : level === 0 ? "?" : LETTERS[at];
    acting ||= level !== null;
  }
  node.classList.toggle("acting", acting);
}

function track(unit, side, inputs) {
  const place = { left: "its left", right: "its right", top: "upper lip", bottom: "lower lip", both: "" }[side];
  const input = h("input", {
    type: "range", min: 0, max: unit.graded ? 5 : 1, step: 1, value: 0,
    "aria-label": `${unit.code} ${unit.name}${place ? ", " + place : ""}`,
    "data-side": side,
    oninput: () => set(unit, side, Number(input.value)),
    onkeydown: (event) => {
      const at = LETTERS.indexOf(event.key.toUpperCase());
      if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      set(unit, side, at);
    },
  });
  const out = h("output", {}, "·");
  inputs.set(side, { input, out });
  return h("label", { class: "track" }, MARK[side] ? h("span", { class: "side" }, MARK[side]) : "", input, out);
}

function set(unit, side, level) {
  change({ actions: withLevel(state.actions, unit, side, level) }, { source: "sliders" });
}

export function showSliders() {
  for (const [code, { unit, split }] of rows) {
    const mine = state.actions.filter(([c]) => c === code);
    const sides = mine.map(([, side]) => side);
    // Sides that differ cannot be shown as one.
    if (split && sides.some((side) => unit.sides.includes(side))) apart.add(code);
    show(code);
  }
}

export function light(keys) {
  for (const { unit, node } of rows.values()) node.classList.toggle("lit", keys?.includes(unit.key) ?? false);
}

function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { unit, node } of rows.values()) {
    const hay = `${unit.code} au${unit.code} ${unit.name} ${unit.region} ${unit.motion} ${unit.muscles.join(" ")}`.toLowerCase();
    node.hidden = !words.every((w) => (/^\d+$/.test(w) ? unit.code === w : hay.includes(w)));
  }
  for (const group of document.querySelectorAll(".group")) {
    group.hidden = ![...group.querySelectorAll(".unit")].some((unit) => !unit.hidden);
  }
}
