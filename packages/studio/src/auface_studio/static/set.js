// The set designer: people x codings x levels, a preview, and one click that makes the folder.

import { $, copy, h, refill, rove, say } from "./dom.js";
import { film, get, Latest, picture, post } from "./api.js";
import { thumb } from "./thumbs.js";

let root = null;
let start = null;
let watching = 0;
const chosen = new Set([3, 7, 12]);
let cells = [];
let newCells = () => {};
let previews = 0; // counts plans, so that an older one stops drawing

const field = (label, node, hint) => h("label", { class: "field" }, h("span", {}, label), node, hint ? h("small", {}, hint) : "");
const numberBox = (id, value, max) => h("input", { type: "number", id, min: 0, max, value, inputmode: "numeric" });

export function buildSet(given) {
  start = given;
  root = $("#view-set");
  for (const person of chosen) if (person >= start.people) chosen.delete(person);
  if (!chosen.size) chosen.add(0);
  root.append(form(), h("section", { class: "panel preview", "aria-label": "Preview", tabindex: -1 },
    h("div", { class: "set-head" }, h("h2", { id: "set-count" }, "Preview"), h("span", { class: "grow" }),
      h("button", { id: "set-make", class: "primary", onclick: make }, "Make the set"), h("button", { id: "set-stop", hidden: true, onclick: stop }, "Stop"), h("a", { id: "set-zip", class: "button", hidden: true, href: "/api/set/zip", download: "" }, "Download the zip")),
    h("p", { id: "set-error", class: "error" }), h("progress", { id: "set-progress", hidden: true, max: 1, value: 0, "aria-label": "How much of the set is made" }), h("p", { id: "set-status", class: "note" }),
    h("div", { id: "set-grid" }), h("details", { id: "set-conditions", hidden: true, ontoggle: conditions }, h("summary", {}, "The conditions table (conditions.csv)"), h("div", { id: "set-table", tabindex: 0, role: "region", "aria-label": "The conditions table" })),
    h("details", {}, h("summary", {}, "The same from the command"), h("p", { class: "quiet" }, "Save this as design.toml, then: ", h("code", {}, "auface stimuli design.toml OUT")), h("pre", { id: "set-toml", class: "mono", tabindex: 0, role: "region", "aria-label": "design.toml" }), h("button", { onclick: () => copy($("#set-toml").textContent, "TOML") }, "Copy"))));
  newCells = rove($("#set-grid"), ".cell");
  root.addEventListener("input", soon);
  // Its pictures are asked for when it is looked at, not before.
  new IntersectionObserver((entries, watch) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    soon();
    for (const button of document.querySelectorAll(".pick-people .person")) thumb($("img", button), Number(button.dataset.pick));
  }).observe(root);
  get("/api/set/status").then(showStatus).catch(() => {});
}

function form() {
  const people = h("div", { class: "pick-people", role: "group", "aria-label": "People of the set: the arrows move, Space takes one in or out" });
  for (let k = 0; k < start.people; k += 1) {
    people.append(h("button", {
      "aria-pressed": String(chosen.has(k)), class: "person", "data-pick": k, "aria-label": `Person ${k}`, title: `Person ${k}`,
      onclick: (event) => { chosen.has(k) ? chosen.delete(k) : chosen.add(k); event.currentTarget.setAttribute("aria-pressed", String(chosen.has(k))); soon(); },
    }, h("img", { alt: "", width: 44, height: 44 })));
  }
  rove(people, ".person")();
  return h("section", { class: "panel set-form", "aria-label": "Design" },
    h("h2", {}, "Design"),
    field("Title", h("input", { id: "set-title", value: "My faces", maxlength: 200 })),
    h("div", { class: "field" }, h("span", {}, "People"), people),
    field("Codings", h("textarea", { id: "set-codings", rows: 7, class: "mono", spellcheck: "false" }, "name,codes\nsmile,6+12\nsad,1+4+15\nleft smile,L12"), "One a line: codes alone, or a pasted table with the heads name and codes."),
    h("div", { class: "add" }, field("Add a preset", h("select", { id: "set-preset" }, start.presets.map((p) => h("option", { value: `${p.name},${p.codes}` }, `${p.name} (${p.codes})`)))),
      h("button", { id: "set-add", onclick: addPreset }, "Add")),
    h("fieldset", { class: "levels" }, h("legend", {}, "Levels"), [..."ABCDE"].map((l) => h("label", {}, h("input", { type: "checkbox", "data-level": l, checked: l === "C" }), l)), h("small", {}, "None: each coding as it is written.")),
    h("label", { class: "check" }, h("input", { type: "checkbox", id: "set-neutral", checked: true }), "each person at rest, too"),
    h("label", { class: "check" }, h("input", { type: "checkbox", id: "set-moves", onchange: (event) => { $("#set-times").hidden = !event.target.checked; } }), "moving: from rest to the coding and back"),
    h("div", { id: "set-times", class: "times", hidden: true },
      field("Onset ms", numberBox("set-onset", 500, 60000)), field("Apex ms", numberBox("set-apex", 1000, 60000)), field("Offset ms", numberBox("set-offset", 500, 60000)), field("Frames a second", numberBox("set-fps", 25, 120)),
      h("canvas", { id: "set-curve", width: 300, height: 60, "aria-label": "Strength over time", role: "img" })),
    field("Seed", numberBox("set-seed", 0, 2147483647)));
}

// By a button: the arrows of the list go through all that lie between, and would add each.
function addPreset() {
  const area = $("#set-codings");
  const line = $("#set-preset").value;
  area.value = `${area.value.trimEnd()}\n${line}`.trimStart();
  say(`Added: ${line}`);
  soon();
}

function design() {
  const values = {
    title: $("#set-title").value, people: [...chosen].sort((a, b) => a - b), table: $("#set-codings").value,
    levels: [...document.querySelectorAll("[data-level]:checked")].map((box) => box.dataset.level),
    neutral: $("#set-neutral").checked, seed: Number($("#set-seed").value),
  };
  if ($("#set-moves").checked) {
    values.dynamics = Object.fromEntries(["onset", "apex", "offset", "fps"].map((key) => [key, Number($(`#set-${key}`).value)]));
  }
  return values;
}

let timer = 0;
function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => plans.wish(null), 200);
}

const plans = new Latest(async () => {
  try {
    const plan = await post("/api/set/plan", { design: design() });
    $("#set-error").textContent = "";
    $("#set-make").removeAttribute("aria-disabled");
    $("#set-toml").textContent = plan.toml;
    const moving = plan.frames ? `, ${plan.frames} frames` : "";
    const count = `${plan.count} stimuli${moving}`;
    if ($("#set-count").textContent !== count) say(count);
    $("#set-count").textContent = count;
    cells = plan.cells;
    grid();
    curve();
  } catch (error) {
    $("#set-error").textContent = error.message;
    say(error.message);
    // Still a stop of the Tab key: who comes to it hears why not.
    $("#set-make").setAttribute("aria-disabled", "true");
  }
});

function grid() {
  const people = [...new Set(cells.map((c) => c.person))];
  const columns = [...new Map(cells.map((c) => [`${c.name} ${c.level}`, c])).values()];
  const byPlace = new Map(cells.map((c) => [`${c.person}|${c.name} ${c.level}`, c]));
  const table = h("table", { class: "grid", "aria-label": "People by codings", vars: { "--columns": columns.length } },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "person"), columns.map((c) => h("th", { scope: "col", title: c.text }, c.name, " ", h("b", {}, c.level), h("br"), h("small", { class: "mono" }, c.codes.split("+").flatMap((code, n) => [n ? h("wbr") : "", h("span", {}, n ? `+${code}` : code)])))))),
    h("tbody", {}, people.map((p) => h("tr", {}, h("th", { scope: "row" }, p), columns.map((c) => {
      const cell = byPlace.get(`${p}|${c.name} ${c.level}`);
      return h("td", {}, cell ? h("button", { class: "cell", "data-keep": cell.label, "aria-label": `Person ${p}, ${[c.name, c.level].filter(Boolean).join(" ")}: ${cell.codes === "0" ? "at rest" : cell.codes}`, title: cell.frames.length ? "Larger, and moving" : "Larger", onclick: () => enlarge(cell) }, h("img", { alt: `Person ${p}, ${cell.codes}`, title: `${cell.codes}: ${cell.text}`, width: 112, height: 112, "data-codes": cell.codes, "data-person": p })) : "");
    })))));
  refill($("#set-grid"), table);
  newCells();
  previews += 1;
  preview(previews);
}

const pictures = new Map(); // person, codes and seed -> address of the picture
const keyOf = (image) => `${image.dataset.person}|${image.dataset.codes}|${$("#set-seed").value}`;

async function preview(count) {
  const images = [...document.querySelectorAll("#set-grid img")];
  for (const image of images) {
    const key = keyOf(image);
    if (pictures.has(key)) image.src = pictures.get(key);
  }
  for (const image of images) {
    if (count !== previews || $("#view-set").hidden) return watch(count);
    const key = keyOf(image);
    if (!pictures.has(key)) try {
      const { blob } = await picture({ codes: image.dataset.codes, person: Number(image.dataset.person), seed: Number($("#set-seed").value), draft: true, tab: "" });
      pictures.set(key, URL.createObjectURL(blob));
    } catch (error) {
      image.alt = error.message;
      if (error.status === 0) return;
    }
    // An older plan's request may have brought it meanwhile.
    if (pictures.has(key)) image.src = pictures.get(key);
  }
}

// The preview is drawn only while it is looked at.
function watch(count) {
  clearInterval(watching);
  watching = setInterval(() => {
    if (count !== previews) return clearInterval(watching);
    if (!$("#view-set").hidden) { clearInterval(watching); preview(count); }
  }, 300);
}

function curve() {
  const { dynamics } = design();
  if (!dynamics) return;
  const canvas = $("#set-curve");
  const c = canvas.getContext("2d");
  const total = dynamics.onset + dynamics.apex + dynamics.offset || 1;
  c.clearRect(0, 0, canvas.width, canvas.height);
  c.strokeStyle = getComputedStyle(canvas).color;
  c.lineWidth = 2;
  c.beginPath();
  for (let x = 0; x <= 300; x += 1) {
    const t = (x / 300) * total;
    const raw = t < dynamics.onset ? t / dynamics.onset : t <= dynamics.onset + dynamics.apex ? 1 : (total - t) / dynamics.offset;
    c.lineTo(x, 55 - 48 * raw * raw * (3 - 2 * raw));
  }
  c.stroke();
  canvas.setAttribute("aria-label", `Strength over time: up within ${dynamics.onset} ms, held for ${dynamics.apex} ms, down within ${dynamics.offset} ms`);
}

// A cell in large; where the set moves, its film.
async function enlarge(cell) {
  const image = h("img", { alt: `Person ${cell.person}, ${cell.codes}`, width: 384, height: 384 });
  const note = h("p", { class: "note", role: "status" });
  const turn = h("button", { class: "turn", hidden: true });
  const box = h("dialog", { class: "large", "aria-label": `Person ${cell.person}, ${cell.name}`, onclose: () => closed(box, cell) },
    image, h("h2", {}, `Person ${cell.person}, ${cell.name} ${cell.level}`), h("p", { class: "mono codes" }, cell.codes), h("p", {}, cell.text), note,
    h("div", { class: "row" }, turn, h("form", { method: "dialog" }, h("button", {}, "Close"))));
  image.src = document.querySelector(`#set-grid img[data-person="${cell.person}"][data-codes="${cell.codes}"]`)?.src ?? "";
  document.body.append(box);
  box.showModal();
  if (!cell.frames.length) return;
  note.textContent = "drawing the movement …";
  try {
    playable(image, turn, note, URL.createObjectURL(await film({ design: design(), label: cell.label })));
  } catch (error) {
    note.textContent = error.message;
  }
}

// Plays at once, unless the system asks for less motion; can be stopped, as it never ends.
function playable(image, turn, note, moving) {
  const still = image.src;
  let plays = false;
  const play = (on) => {
    plays = on;
    image.src = on ? moving : still;
    turn.textContent = on ? "Stop the movement" : "Play the movement";
  };
  turn.addEventListener("click", () => play(!plays));
  turn.hidden = false;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  play(!calm);
  note.textContent = calm ? "Drawn, and not played: your system asks for less motion." : "It plays again and again here; in the set it plays once.";
}

// The focus goes back to the cell, also where a new plan has come meanwhile.
function closed(box, cell) {
  box.remove();
  if (document.activeElement === document.body) document.querySelector(`.cell[data-keep="${CSS.escape(cell.label)}"]`)?.focus();
}

async function conditions() {
  if (!$("#set-conditions").open) return;
  try {
    const { count, rows } = await get("/api/set/conditions");
    const names = Object.keys(rows[0] ?? {});
    $("#set-table").replaceChildren(
      h("table", { class: "rows", "aria-label": "Conditions" }, h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows.map((row) => h("tr", {}, names.map((name) => h("td", { title: row[name] }, row[name])))))),
      count > rows.length ? h("p", { class: "note" }, `and ${count - rows.length} more`) : "");
  } catch (error) {
    $("#set-table").replaceChildren(h("p", { class: "error" }, error.message));
  }
}

async function make() {
  if ($("#set-make").ariaDisabled === "true") return say($("#set-error").textContent);
  try {
    showStatus(await post("/api/set/make", { design: design() }));
  } catch (error) {
    $("#set-error").textContent = error.message;
    say(error.message);
  }
}

const stop = () => post("/api/set/stop", {}).then(showStatus);

let lastState = null;
function showStatus(status) {
  const making = status.state === "making";
  const held = [$("#set-make"), $("#set-stop")].includes(document.activeElement);
  $("#set-make").hidden = making;
  $("#set-stop").hidden = !making;
  $("#set-zip").hidden = $("#set-conditions").hidden = status.state !== "made";
  // Who pressed a button that goes finds the focus on the one that comes.
  if (held) $(making ? "#set-stop" : status.state === "made" ? "#set-zip" : "#set-make").focus();
  if (making) $("#set-conditions").open = false;
  $("#set-progress").hidden = !making;
  if (making) $("#set-progress").value = status.done / status.total;
  $("#set-status").textContent = {
    none: "", making: `${status.done} of ${status.total} made; the folder is ${status.folder}`, stopped: "Stopped. Making it again goes on from here.",
    made: `Made: ${status.folder}`, failed: status.error,
  }[status.state];
  // Said once a state, not at each picture.
  if (status.state !== lastState && (lastState !== null || making)) say($("#set-status").textContent);
  lastState = status.state;
  if (making) setTimeout(() => get("/api/set/status").then(showStatus).catch(() => {}), 400);
}
