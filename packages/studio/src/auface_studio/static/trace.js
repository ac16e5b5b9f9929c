// The conflict trace: who opposes whom, who gives way, by how much, and why.

import { $, h, refill } from "./dom.js";
import { LETTERS } from "./levels.js";

const percent = (x) => `${Math.round(100 * x)}%`;
const number = (key) => key.replace(/^AU/, "");

let opened = null; // whether the notes are open, once the hand has said so

// A unit that is only hard to tell beside another loses nothing: that is a look, not a conflict.
const holds = (t) => t.units.some((u) => u.raw - u.alone > 0.004);

// Who gives way to whom, in one line.
export const saidOf = (view) => view.trace.filter(holds).map(heading).join("; ");

export function showTrace(view, onHover) {
  const conflicts = view.trace.filter(holds);
  const rest = view.trace.filter((t) => !holds(t));
  const root = $("#trace");
  if (!view.trace.length) {
    refill(root, h("p", { class: "quiet" }, view.actions.length
      ? "Nothing here opposes anything else: no unit gives way. Try 12C+15C."
      : "Move a slider, type codes, or write what the face does."));
    return;
  }
  refill(root,
    ...(conflicts.length ? conflicts.map((t) => card(t, onHover)) : [h("p", { class: "quiet" }, "No units hold each other back.")]),
    ...(rest.length ? [h("details", { open: opened ?? !conflicts.length },
      h("summary", { "data-keep": "notes", onclick: (event) => { opened = !event.currentTarget.parentElement.open; } }, `${rest.length} more ${rest.length === 1 ? "note" : "notes"} on units together`), rest.map(small))] : []),
  );
}

const sidesOf = (t, key) => t.units.filter((u) => u.key === key);
const heading = (t) => title(t, ...t.aus.map((key) => Math.max(...sidesOf(t, key).map(lost))));

function card(t, onHover) {
  const [a, b] = t.aus;
  const sides = (key) => sidesOf(t, key);
  const name = (key) => sides(key)[0]?.name ?? "";
  return h("article", {
    class: `conflict-card ${t.kind}`, tabindex: 0, "aria-label": heading(t), "data-keep": t.aus.join(),
    onmouseenter: () => onHover(t.aus), onmouseleave: () => onHover(null), onfocus: () => onHover(t.aus), onblur: () => onHover(null),
  },
    h("h3", {}, heading(t)),
    h("p", { class: "names" }, `${number(a)} ${name(a)}, ${number(b)} ${name(b)}`),
    // The bars show what the list below says.
    h("div", { class: "tug", "aria-hidden": "true" },
      h("div", { class: "pull left" }, sides(a).map(bar)), h("div", { class: "pull right" }, sides(b).map(bar))),
    h("ul", { class: "ways" }, t.units.map((u) => h("li", {}, say(u)))),
    h("p", { class: "why" }, t.reason[0].toUpperCase() + t.reason.slice(1) + "."),
    h("p", { class: "source" }, `${t.sources.join("; ")} · the rule is ${percent(t.confidence)} sure`));
}

const lost = (u) => (u.raw ? 1 - u.alone / u.raw : 0);

function title(t, lostA, lostB) {
  const [a, b] = t.aus.map(number);
  if (t.kind === "alternative") return `${a} and ${b} cannot be together`;
  if (t.kind === "dominance") return `${b} is hard to tell beside ${a}`;
  if (Math.abs(lostA - lostB) < 0.1) return `${a} and ${b} pull against each other`;
  return lostA < lostB ? `${b} gives way to ${a}` : `${a} gives way to ${b}`;
}

function bar(u) {
  return h("div", { class: "bar", vars: { "--raw": u.raw, "--seen": u.alone } },
    h("span", { class: "bar-name" }, `${u.side === "left" ? "L" : u.side === "right" ? "R" : ""}${number(u.key)}`),
    h("span", { class: "bar-box" }, h("span", { class: "bar-raw" }), h("span", { class: "bar-seen" })));
}

// Raw against resolved, in words: a unit's share that this pair alone takes, and what all leave.
function say(u) {
  const place = u.side === "both" ? "" : ` (${u.side})`;
  const letter = LETTERS[Math.round(5 * u.raw)];
  const name = `${number(u.key)}${letter}${place}`;
  const total = u.raw ? 1 - u.seen / u.raw : 0;
  if (u.alone === 0) return `${name} goes: it cannot be seen`;
  if (lost(u) < 0.005) return `${name} stays whole`;
  const all = total > lost(u) + 0.005 ? `; all conflicts together leave ${u.seen.toFixed(2)}` : "";
  const about = LETTERS[Math.round(5 * u.alone)];
  return `${name} gives way by ${percent(lost(u))}: ${u.raw.toFixed(2)} → ${u.alone.toFixed(2)} of full strength, ${about === "0" ? "hardly a trace" : `about ${about}`}${all}`;
}

function small(t) {
  return h("p", { class: "look" }, h("b", {}, t.aus.map(number).join(" + ")), ` ${t.title}: ${t.kind === "implication" || t.kind === "rewrite" || t.kind === "occlusion" || t.kind === "side" || t.kind === "warning" || t.kind === "dominance" ? t.effect + "; " : ""}${t.reason}. `,
    h("span", { class: "source" }, t.sources.join("; ")));
}
