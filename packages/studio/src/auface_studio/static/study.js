// The raters' page. An answer that the server has not confirmed stays in this browser and is sent again.

import { $, h } from "./dom.js";
import { get, post } from "./api.js";
import { isOff, lettersBox } from "./letters.js";

const root = $("#study");
let about = null;
let rater = null;
let question = null;
let shown = 0;
let busy = false;

const KEPT = "auface-study";
const kept = () => { try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; } };
const keep = (values) => { try { localStorage.setItem(KEPT, JSON.stringify({ ...kept(), ...values })); } catch { /* private window: the address has the rater */ } };

function consent() {
  root.replaceChildren(
    h("h1", {}, about.title), h("p", { class: "prose" }, about.consent), h("p", { class: "prose" }, about.instructions),
    h("p", { class: "note" }, about.kind === "pair" ? "Choose with a click, or with the keys: ← or 1 for the left picture, → or 2 for the right. Left and right in a text are the person's own." : "Choose with a click, or with the keys 1 to 7."),
    lettersBox(about.kind === "pair" ? "The digits 1 and 2 act as keys" : "The digits 1 to 7 act as keys"),
    h("button", { class: "primary", id: "agree", onclick: begin }, "I agree, begin"));
}

async function begin() {
  rater ??= about.rater;
  keep({ rater, title: about.title });
  history.replaceState(null, "", `#r=${rater}`);
  await flush();
  await next();
}

async function next() {
  question = await post("/api/next", { rater });
  if (question.finished) {
    root.replaceChildren(h("h1", {}, about.title), h("p", { class: "prose", id: "finished", tabindex: -1 }, about.thanks), h("p", { class: "note" }, `${question.done} answers of ${rater}`));
    $("#finished").focus();
    return;
  }
  const images = question.pictures.map((src, n) => h("img", { src, alt: question.pictures.length > 1 ? ["left picture", "right picture"][n] : "the picture to rate", draggable: "false" }));
  await Promise.all(images.map((image) => image.decode().catch(() => {})));
  const parts = [h("progress", { max: question.total, value: question.done, "aria-label": `${question.done} of ${question.total} answered` }),
    h("p", { class: "note count", id: "count" }, `${question.done + 1} of ${question.total}`),
    h("div", { class: "ask", id: "ask", tabindex: -1, role: "group", "aria-labelledby": "count said question" },
      h("p", { class: "said", id: "said" }, question.text), h("p", { class: "question", id: "question" }, about.question))];
  if (about.kind === "pair") {
    parts.push(h("div", { class: "pair" }, images.map((image, n) => h("button", { class: "choice", "data-choice": ["left", "right"][n], onclick: () => choose(["left", "right"][n]) }, image, h("kbd", {}, ["←", "→"][n])))));
  } else {
    parts.push(h("div", { class: "one" }, images), h("div", { class: "scale7", role: "group", "aria-label": `${about.question} 1: ${about.ends[0]}, 7: ${about.ends[1]}` }, [1, 2, 3, 4, 5, 6, 7].map((k) => h("button", { "data-choice": k, onclick: () => choose(String(k)) }, k))),
      h("div", { class: "ends note" }, h("span", {}, about.ends[0]), h("span", {}, about.ends[1])));
  }
  root.replaceChildren(...parts, h("p", { class: "error", role: "alert", id: "trouble" }));
  // On the question, not on a side: Tab goes to the left, and no side looks chosen.
  $("#ask").focus();
  shown = performance.now();
  busy = false;
}

async function choose(choice) {
  if (busy || !question || question.finished) return;
  busy = true;
  keep({ unsent: { rater, number: question.number, choice, milliseconds: Math.round(performance.now() - shown) } });
  for (let wait = 500; ; wait = Math.min(8000, wait * 2)) {
    try {
      await flush();
      await next();
      return;
    } catch (error) {
      const trouble = `${error.message}. Your answer is kept in this browser and sent again.`;
      if ($("#trouble").textContent !== trouble) $("#trouble").textContent = trouble; // said once, not at each try
      if (error.status >= 400 && error.status < 500) { keep({ unsent: null }); busy = false; return; }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

async function flush() {
  const { unsent } = kept();
  if (!unsent || unsent.rater !== rater) return;
  await post("/api/answer", unsent);
  keep({ unsent: null });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isOff(event) || !question || question.finished) return;
  const keys = about.kind === "pair" ? { ArrowLeft: "left", 1: "left", ArrowRight: "right", 2: "right" } : Object.fromEntries([..."1234567"].map((k) => [k, k]));
  if (keys[event.key]) { event.preventDefault(); choose(keys[event.key]); }
});

about = await get("/api/study");
document.title = about.title;
const named = /(?:^#|&)r=([A-Za-z0-9_-]{1,40})/.exec(location.hash)?.[1];
rater = named ?? (kept().title === about.title ? kept().rater : null) ?? null;
consent();
