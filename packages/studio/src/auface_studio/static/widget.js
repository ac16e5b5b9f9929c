// The notebook's widget. It follows dom.js and levels.js in one module, so their names are there
// without an import.

function render({ model, el }) {
  const image = h("img", { alt: "" });
  const words = h("p", { class: "words" });
  const error = h("p", { class: "error", role: "alert" });
  const codes = h("input", { class: "codes", "aria-label": "FACS codes", spellcheck: "false" });
  const rows = new Map();
  const set = (text) => { model.set("codes", text.trim() || "0"); model.save_changes(); };
  codes.addEventListener("change", () => set(codes.value));

  const sliders = h("div", { class: "sliders" }, model.get("units").map((unit) => {
    const out = h("span", { class: "level", "aria-hidden": "true" }, "·");
    const input = h("input", { type: "range", min: 0, max: 5, value: 0, "aria-label": `${unit.code} ${unit.name}` });
    input.addEventListener("input", () => {
      const kept = model.get("codes").split("+").filter((part) => part !== "0" && !new RegExp(`^[LRTB]?${unit.code}[A-E]?$`).test(part));
      const level = Number(input.value);
      set([...kept, ...(level ? [`${unit.code}${LETTERS[level]}`] : [])].join("+"));
    });
    const row = h("label", { class: "slider" }, h("b", {}, unit.code), h("span", {}, unit.name), input, out);
    rows.set(unit.code, { row, input, out });
    return row;
  }));

  let url = null;
  const show = () => {
    if (url) URL.revokeObjectURL(url);
    url = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
    image.src = url;
    image.alt = model.get("text");
    words.textContent = model.get("text");
    error.textContent = model.get("error");
    if (document.activeElement !== codes) codes.value = model.get("codes");
    const levels = new Map();
    for (const [code, , level] of model.get("actions")) levels.set(code, Math.max(levels.get(code) ?? 0, level || 3));
    for (const [code, { row, input, out }] of rows) {
      const level = levels.get(code) ?? 0;
      input.value = level;
      input.setAttribute("aria-valuetext", LEVELS[level]);
      out.textContent = level ? LETTERS[level] : "·";
      row.classList.toggle("acting", level > 0);
    }
  };
  for (const name of ["png", "text", "error", "actions"]) model.on(`change:${name}`, show);
  show();
  el.append(h("div", { class: "auface-widget" }, h("div", {}, image, words), h("div", {}, codes, error, sliders)));
  return () => { if (url) URL.revokeObjectURL(url); };
}

export default { render };
