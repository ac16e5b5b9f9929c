// A picture or a table becomes units, codes and words.

import { $, h, say } from "./dom.js";
import { send } from "./api.js";
import { drop } from "./people.js";
import { dots } from "./seen.js";

export function buildRead(start, use) {
  const root = $("#view-read");
  const zone = h("label", { class: "drop big", tabindex: 0, role: "button", id: "read-drop" }, h("input", { type: "file", accept: "image/*,.csv,.tsv,.txt,.json,.jsonl", hidden: true }),
    h("span", {}, h("b", {}, "Drop a photograph or a table"), h("br"), "a face (PNG, JPEG, WebP), or what OpenFace, py-feat, LibreFace or a coder wrote (CSV, TSV, JSON)"));
  const out = h("section", { id: "read-out", "aria-label": "What was read" });
  root.append(h("div", { class: "panel read-in" }, h("h2", {}, "Read a picture"), zone,
    h("p", { class: "note" }, `Pictures are read by ${start.detector ?? "no detector"}. It was trained on rendered faces: on photographs take its word as a first guess. Nothing leaves this machine, nothing is kept.`)), out);
  drop(zone, async (file) => {
    out.replaceChildren(h("p", { class: "quiet" }, `reading ${file.name} …`));
    say(`reading ${file.name}`);
    try {
      if (/\.(csv|tsv|txt|json|jsonl)$/i.test(file.name)) showTable(out, await send(`/api/table?name=${encodeURIComponent(file.name)}`, file), use);
      else showPicture(out, await send("/api/read", file), file, use);
    } catch (error) {
      out.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
    }
  });
}

function showPicture(out, found, file, use) {
  const image = h("img", { class: "read-image", alt: "The picture that was read" });
  image.src = URL.createObjectURL(file);
  const there = found.rows.filter((row) => row.chances[0] < 0.9);
  const said = Object.entries(found.chunks);
  say(`Read: ${found.look.codes}. ${found.look.text} ${found.note}`);
  out.replaceChildren(h("div", { class: "panel read-found" }, image, h("div", {},
    h("h2", { class: "mono" }, found.look.codes), h("p", { class: "english" }, found.look.text), found.note ? h("p", { class: "error" }, found.note) : "",
    h("button", { class: "primary", onclick: () => use(found.look.codes) }, "Take it to the face"),
    h("h3", {}, "How sure"), there.length ? h("div", {}, dots(there.map((row) => ({ ...row, asked: null }))), h("ul", { class: "chances" }, there.map(chance))) : h("p", { class: "quiet" }, "No unit is more than one tenth likely."),
    h("p", { class: "source" }, `by ${found.by}; a unit is coded when it is more likely there than not, at its likeliest level`),
    said.length ? h("details", {}, h("summary", {}, "What the file says of itself"), h("dl", {}, said.flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]))) : "")));
}

function chance(row) {
  const side = row.side === "left" ? "L" : row.side === "right" ? "R" : "";
  const levels = row.chances.map((p, k) => [p, "0ABCDE"[k]]).filter(([p]) => p >= 0.1).sort((a, b) => b[0] - a[0]);
  return h("li", {}, h("b", { class: "mono" }, side + row.unit.replace("AU", "")), ` there ${Math.round(100 * (1 - row.chances[0]))}%: `, levels.map(([p, l]) => `${l} ${Math.round(100 * p)}%`).join(", "));
}

function showTable(out, found, use) {
  say(`${found.rows.length} rows were read`);
  out.replaceChildren(h("div", { class: "panel" }, h("h2", {}, `${found.rows.length} rows`), found.left_out ? h("p", { class: "note" }, `${found.left_out} rows hold no coding and are left out`) : "",
    h("table", { class: "rows", "aria-label": "What was read, a row each" }, h("thead", {}, h("tr", {}, ["row", "codes", "in words", "to the face"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, found.rows.map((row) => h("tr", {}, h("td", {}, row.id), h("td", { class: "mono" }, row.codes), h("td", {}, row.text), h("td", {}, h("button", { "aria-label": `show row ${row.id}: ${row.codes}`, onclick: () => use(row.codes) }, "show"))))))));
}
