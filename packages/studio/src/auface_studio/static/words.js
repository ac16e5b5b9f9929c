// The codes and the English of the coding, each to be read and to be written.

import { $, h, refill } from "./dom.js";
import { toSlider } from "./sliders.js";

export function showCodes(codes, force) {
  const field = $("#codes");
  if (force || document.activeElement !== field) field.value = codes === "0" ? "" : codes;
}

export function showText(view, onHover) {
  const root = $("#text");
  const parts = [];
  let at = 0;
  for (const clause of view.clauses) {
    if (clause.end <= clause.start) continue;
    if (clause.start > at) parts.push(view.text.slice(at, clause.start));
    const conflict = view.trace.some((t) => t.kind === "antagonist" && t.aus.every((key) => clause.aus.includes(key)));
    parts.push(h("span", {
      class: clause.aus.length ? (conflict ? "clause conflict" : "clause") : "",
      title: clause.codes || undefined,
      onmouseenter: () => onHover(clause.aus), onmouseleave: () => onHover(null),
      ...(clause.aus.length ? stop(clause.aus, onHover) : {}),
    }, view.text.slice(clause.start, clause.end)));
    at = clause.end;
  }
  parts.push(view.text.slice(at));
  refill(root, ...parts);
}

// By keys a clause lights up while it has the focus, and Enter leads to its slider. A click does so
// only when a screen reader made it (detail 0): the hand clicks to select the words.
function stop(aus, onHover) {
  return {
    tabindex: 0, role: "link", "data-keep": aus.join(),
    onfocus: () => onHover(aus), onblur: () => onHover(null),
    onkeydown: (event) => { if (event.key === "Enter") toSlider(aus); },
    onclick: (event) => { if (event.detail === 0) toSlider(aus); },
  };
}

export function showUnread({ unread, actions }) {
  const node = $("#unread");
  if (!unread.length) {
    node.replaceChildren();
    return;
  }
  const what = unread.flatMap((s, n) => [n ? ", " : "", h("q", {}, s.text)]);
  if (actions.length) node.replaceChildren("Not understood, and so not drawn: ", ...what, ". The rest is.");
  else node.replaceChildren("Nothing here was understood, so the face is at rest: ", ...what, ". Say what parts of the face do, such as “She wrinkles her nose and raises one brow”.");
}
