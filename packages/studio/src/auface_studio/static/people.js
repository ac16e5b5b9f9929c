// Who it is: a gallery of made-up people, or a portrait.

import { $, h, say, toast } from "./dom.js";
import { Latest, post, send } from "./api.js";
import { thumb } from "./thumbs.js";
import { change, state } from "./state.js";

export function buildGallery(count) {
  const root = $("#gallery");
  const watch = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      thumb($("img", target), Number(target.dataset.person));
      watch.unobserve(target);
    }
  }, { root, rootMargin: "60px" });
  for (let k = 0; k < count; k += 1) {
    const button = h("button", {
      role: "radio", class: "person", "aria-label": `Person ${k}`, "aria-checked": "false", "data-person": k, tabindex: -1,
      onclick: () => { $("#portrait").classList.remove("refused"); change({ person: k, portrait: null, shows: "" }); },
    }, h("img", { alt: "", width: 56, height: 56 }));
    root.append(button);
    watch.observe(button);
  }
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = { Home: 0, End: count - 1 }[event.key] ?? (step && (state.person + step + count) % count);
    if (to === undefined) return;
    event.preventDefault();
    change({ person: to, portrait: null, shows: "" });
    $(`[data-person="${state.person}"]`).focus();
  });
}

export function showPerson() {
  for (const button of document.querySelectorAll("#gallery .person")) {
    const chosen = state.portrait === null && Number(button.dataset.person) === state.person;
    button.setAttribute("aria-checked", String(chosen));
    // With a portrait nobody is chosen, and the gallery is still to be come to.
    button.tabIndex = Number(button.dataset.person) === state.person ? 0 : -1;
    if (chosen && document.activeElement !== button) {
      // Only the strip may scroll, not the page.
      const strip = button.parentElement;
      if (button.offsetLeft < strip.scrollLeft || button.offsetLeft > strip.scrollLeft + strip.clientWidth - 60) {
        strip.scrollLeft = button.offsetLeft - strip.clientWidth / 2;
      }
      if (button.offsetTop < strip.scrollTop || button.offsetTop > strip.scrollTop + strip.clientHeight - 60) {
        strip.scrollTop = button.offsetTop - strip.clientHeight / 2;
      }
    }
  }
  showPortrait();
}

export function drop(zone, take) {
  const input = $("input[type=file]", zone);
  input.addEventListener("change", () => { if (input.files[0]) take(input.files[0]); input.value = ""; });
  zone.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); input.click(); } });
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
}

const INVITE = "Drop your own portrait, or choose one";
let dropped = null; // {portrait, picture, note}: the portrait that was sent last
let told = ""; // what the field held when it was last taken

function showPortrait() {
  const zone = $("#portrait");
  const mine = dropped !== null && state.portrait === dropped.portrait;
  $("#shows-field").hidden = !mine;
  if (state.shows !== told) { // by undo, or another person: what was typed is of before
    told = state.shows;
    $("#shows").value = told;
    note("");
  }
  zone.classList.toggle("chosen", mine);
  zone.classList.toggle("unsure", mine && Boolean(dropped.note));
  // The button's name goes on saying what it does, also once it says what it did.
  if (mine) zone.setAttribute("aria-label", "Your portrait is the person; choose another");
  else zone.removeAttribute("aria-label");
  if (zone.classList.contains("refused")) return; // the word on a file that was none stays to be read
  $("span", zone).replaceChildren(...(mine
    ? [h("img", { src: dropped.picture, alt: "" }), ` Your portrait is the person${dropped.note ? `: ${dropped.note}` : ""}`] : [INVITE]));
}

function note(text, wrong = false) {
  $("#shows-note").textContent = text;
  $("#shows-note").classList.toggle("error", wrong);
  if (wrong) $("#shows").setAttribute("aria-invalid", "true");
  else $("#shows").removeAttribute("aria-invalid");
  if (text) say(text);
}

// What the face in the portrait does already: taken when the field is left, or by Enter.
const tellings = new Latest(async (shows) => {
  try {
    const { codes, unread } = await post("/api/shows", { shows });
    if (state.portrait === null || $("#shows").value !== shows) return; // another person, or words, meanwhile
    told = shows;
    change({ shows });
    note(!codes ? "" : `Moved from ${codes}${unread.length ? `; not understood: ${unread.join(", ")}` : ""}`);
  } catch (error) {
    note(error.message, true);
  }
});

export function buildPortrait() {
  $("#shows").addEventListener("change", (event) => tellings.wish(event.target.value));
  const zone = $("#portrait");
  showPortrait();
  drop(zone, async (file) => {
    zone.classList.remove("refused");
    $("span", zone).textContent = `looking for the face in ${file.name} …`;
    try {
      const { portrait, note: known } = await send("/api/portrait", file);
      if (dropped) URL.revokeObjectURL(dropped.picture);
      dropped = { portrait, note: known, picture: URL.createObjectURL(file) };
      $("#shows").value = ""; // it is another face
      note("");
      change({ portrait, shows: "" });
      say(`Your portrait is the person${known ? `: ${known}` : ""}`);
    } catch (error) {
      zone.classList.add("refused");
      $("span", zone).textContent = error.message;
      toast(error.message);
    }
  });
}
