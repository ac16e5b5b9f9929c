// What the detector sees against what was asked, by unit and side, on the scale 0 to E.

import { $, h } from "./dom.js";
import { LETTERS } from "./levels.js";

const name = (row) => `${row.side === "left" ? "L" : row.side === "right" ? "R" : ""}${row.unit.replace("AU", "")}`;

export function dots(rows) {
  return h("div", { class: "dots" },
    h("div", { class: "dot-row axis", "aria-hidden": "true" }, h("span", {}), h("span", { class: "scale" }, LETTERS.map((l) => h("i", {}, l)))),
    rows.map((row) => h("div", { class: "dot-row" },
      h("span", { class: "dot-name mono" }, name(row)),
      h("span", {
        class: "line", role: "img", vars: { "--asked": row.asked ?? -9, "--seen": row.level },
        "aria-label": `${name(row)}: ${row.asked === null ? "" : `asked ${row.asked.toFixed(1)}, `}seen ${row.level.toFixed(1)} of 5`,
      }, row.asked === null ? "" : h("b", { class: "asked" }), h("b", { class: "got" })))));
}

export function showSeen(seen) {
  const root = $("#seen");
  root.classList.remove("old");
  if (seen.error) {
    root.replaceChildren(h("p", { class: "quiet" }, seen.error));
    $("#distance").textContent = "";
    return;
  }
  const shown = seen.rows.filter((row) => Math.max(row.asked ?? 0, row.level) >= 0.5);
  const quiet = seen.rows.length - shown.length;
  $("#distance").textContent = seen.distance === null ? "" : `AAAD distance ${seen.distance.toFixed(3)}; 0 is as asked`;
  root.replaceChildren(
    shown.length ? dots(shown) : h("p", { class: "quiet" }, "Nothing: a face at rest."),
    h("p", { class: "key" }, h("b", { class: "asked" }), " asked, less what gave way ", h("b", { class: "got" }), " seen ", h("span", {}, `· ${quiet} others neither asked nor seen`)));
}
