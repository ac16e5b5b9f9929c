// The keys: what each does, the list of them, and the way back from where a key led.

import { $, h } from "./dom.js";
import { isOff, lettersAct, lettersBox } from "./letters.js";
import { showLetters } from "./sliders.js";
import { state } from "./state.js";

const KEYS = [
  ["0, A to E", "on a slider: its level"], ["← →", "on a slider: one level down or up"], ["S", "on a slider: its two sides apart, or as one"],
  ["Enter", "on a part of the text: to its slider"], ["/", "find a unit"], ["C", "to the codes"], ["T", "write the English yourself"],
  ["Esc", "out of a field, to where you were"], ["R", "everything to rest"], ["M", "exchange left and right"],
  ["[ and ]", "the person before, the next"], ["W", "other words for the same"], ["Ctrl Z", "undo"], ["?", "this list"],
];

const TEXT = "textarea, select, input:not([type=range], [type=checkbox])";
let from = null; // what had the focus before a key led away from it

export function lead(css) {
  from = document.activeElement;
  $(css).focus();
}

const shown = (node) => node?.isConnected && node !== document.body && node.getClientRects().length > 0;

// run: what the letters do, by key; undo: what Ctrl Z does; done: ends the writing of English.
export function listen({ run, undo, done }) {
  document.addEventListener("keydown", (event) => {
    if ($("dialog[open]")) return; // what lies behind a dialog is not to change
    const typing = event.target.matches?.(TEXT);
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !typing) return event.preventDefault(), undo();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isOff(event)) return;
    if (event.key === "?" && !typing) return event.preventDefault(), help();
    if (state.view !== "face") return;
    if (event.key === "Escape" && typing) return escape(event.target, done);
    const act = run[event.key.toLowerCase()];
    if (typing || !act) return;
    event.preventDefault();
    act();
  });
}

// Out of a field: to where a key had led from, else to the panel around, where letters are keys again.
function escape(field, done) {
  if (field.matches("select") || (field.type === "search" && field.value)) return; // closes its list, or is emptied
  if (field.id === "prose") done();
  else field.closest("[tabindex]")?.focus({ preventScroll: true });
  if (shown(from)) from.focus();
  from = null;
}

export const help = () => $("#keys").showModal();

// A tooltip names its key only while the key acts.
function nameKeys() {
  showLetters();
  for (const button of document.querySelectorAll("[data-key]")) {
    const { key, does } = button.dataset;
    button.title = lettersAct() ? `${does} (${key})` : does;
  }
  for (const part of document.querySelectorAll(".on-letters")) part.hidden = !lettersAct();
}

export function buildHelp(start) {
  $("#keys").append(
    h("h2", {}, "Keys"), h("dl", {}, KEYS.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    lettersBox("Letters, digits and signs act as keys", nameKeys),
    h("p", { class: "note" }, "Without them all is still done by Tab, arrows, Enter, Space, Esc and Ctrl Z: L·R is then a stop of its own."),
    h("p", { class: "source" }, `Generator ${start.model}; ${Object.entries(start.versions).map(([n, v]) => `${n} ${v}`).join(", ")}; detector ${start.detector ?? "none"}. Everything stays on this machine.`),
    h("form", { method: "dialog" }, h("button", { autofocus: true }, "Close")));
}
