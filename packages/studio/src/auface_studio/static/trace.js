// The conflict trace: who opposes whom, who gives way, by how much, and why.

import { $, h } from "./dom.js";

const percent = (x) => `${Math.round(100 * x)}%`;
const number = (key) => key.replace(/^AU/, "");
const LETTER = ["0", "A", "B", "C", "D", "E"];

export function showTrace(view, onHover) {
  // A unit that is only hard to tell beside another loses nothing: that is a look, not a conflict.
  const holds = (t) => t.units.some((u) => u.raw - u.alone > 0.004);
  const conflicts = view.trace.filter(holds);
  const rest = view.trace.filter((t) => !holds(t));
  const root = $("#trace");
  if (!view.trace.length) {
    root.replaceChildren(h("p", { class: "quiet" }, view.actions.length
      ? "Nothing here opposes anything else: every unit is seen as strongly as it is coded."
      : "Move a slider, type codes, or write what the face does."));
    return;
  }
  root.replaceChildren(
    ...(conflicts.length ? conflicts.map((t) => card(t, onHover)) : [h("p", { class: "quiet" }, "No units hold each other back.")]),
    ...(rest.length ? [h("details", { open: !conflicts.length }, h("summary", {}, `${rest.length} more ${rest.length === 1 ? "note" : "notes"} on units together`), rest.map(small))] : []),
  );
}

function card(t, onHover) {
  const [a, b] = t.aus;
  const gone = t.kind === "alternative";
  const title = gone ? `${number(a)} and ${number(b)} cannot be together`
    : t.kind === "dominance" ? `${number(b)} is hard to tell beside ${number(a)}`
    : `${number(a)} and ${number(b)} pull against each other`;
  const sides = (key) => t.units.filter((u) => u.key === key);
  return h("article", {
    class: `conflict-card ${t.kind}`, tabindex: 0,
    onmouseenter: () => onHover(t.aus), onmouseleave: () => onHover(null), onfocus: () => onHover(t.aus), onblur: () => onHover(null),
  },
    h("h3", {}, title),
    h("div", { class: "tug", role: "img", "aria-label": t.units.map(say).join("; ") },
      h("div", { class: "pull left" }, sides(a).map(bar)), h("div", { class: "pull right" }, sides(b).map(bar))),
    h("ul", { class: "ways" }, t.units.map((u) => h("li", {}, say(u)))),
    h("p", { class: "why" }, t.reason[0].toUpperCase() + t.reason.slice(1) + "."),
    h("p", { class: "source" }, `${t.sources.join("; ")} · sure ${percent(t.confidence)}`));
}

function bar(u) {
  return h("div", { class: "bar", vars: { "--raw": u.raw, "--seen": u.alone } },
    h("span", { class: "bar-name" }, `${u.side === "left" ? "L" : u.side === "right" ? "R" : ""}${number(u.key)}`),
    h("span", { class: "bar-box" }, h("span", { class: "bar-raw" }), h("span", { class: "bar-seen" })));
}

// Raw against resolved, in words: a unit's share that this pair alone takes, and what all leave.
function say(u) {
  const place = u.side === "both" ? "" : ` (${u.side})`;
  const letter = LETTER[Math.round(5 * u.raw)];
  const name = `${number(u.key)}${letter}${place}`;
  const lost = u.raw ? 1 - u.alone / u.raw : 0;
  const total = u.raw ? 1 - u.seen / u.raw : 0;
  if (u.alone === 0) return `${name} goes: it cannot be seen`;
  if (lost < 0.005) return `${name} stays whole`;
  const all = total > lost + 0.005 ? `; all conflicts together leave ${u.seen.toFixed(2)}` : "";
  return `${name} gives way by ${percent(lost)}: ${u.raw.toFixed(2)} → ${u.alone.toFixed(2)}${all}`;
}

function small(t) {
  return h("p", { class: "look" }, h("b", {}, t.aus.map(number).join(" + ")), ` ${t.title}: ${t.kind === "implication" || t.kind === "rewrite" || t.kind === "occlusion" || t.kind === "side" || t.kind === "warning" || t.kind === "dominance" ? t.effect + "; " : ""}${t.reason}. `,
    h("span", { class: "source" }, t.sources.join("; ")));
}
