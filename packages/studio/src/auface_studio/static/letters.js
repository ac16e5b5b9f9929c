// Single characters as keys, and the box that switches them off (WCAG 2.1.4): who dictates to the
// computer, or whose hand strays, would set off what was not meant. This browser remembers it.

import { h } from "./dom.js";

const KEPT = "auface-letters";
let on = true;
try { on = localStorage.getItem(KEPT) !== "off"; } catch { /* nothing is kept in a private window */ }

export const lettersAct = () => on;

// Whether a key is a character while characters are off. Arrows, Enter and Esc have longer names.
export const isOff = (event) => !on && event.key.length === 1;

// The labelled box. `apply` is called now and at each change, for what else depends on it.
export function lettersBox(label, apply = () => {}) {
  const turn = (event) => {
    on = event.target.checked;
    try { localStorage.setItem(KEPT, on ? "on" : "off"); } catch { /* not kept then */ }
    apply();
  };
  apply();
  return h("label", { class: "check" }, h("input", { type: "checkbox", id: "letters", checked: on, onchange: turn }), label);
}
