// Elements from data. Text only ever goes in as text: nothing here parses markup.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else if (key === "vars") for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const $ = (selector, root = document) => root.querySelector(selector);

// New children for a node. Who had the focus among the old keeps it among the new: by `data-keep`,
// else by place; where nothing is left to stop at, on the panel around.
const STOPS = "[tabindex], a[href], button, input, select, textarea, summary";
export function refill(root, ...children) {
  const stops = () => [...root.querySelectorAll(STOPS)];
  const old = document.activeElement;
  const at = stops().indexOf(old);
  if (at >= 0) old.blur(); // what it lit goes out
  root.replaceChildren(...children);
  if (at < 0) return;
  const now = stops();
  const same = old.dataset.keep && now.find((node) => node.dataset.keep === old.dataset.keep);
  (same || now[Math.min(at, now.length - 1)] || root.closest("[tabindex]"))?.focus({ preventScroll: true });
}

// One stop of the Tab key for many buttons: arrows, Home and End move between them.
// Returns what is to be called when the buttons are others.
export function rove(root, selector) {
  const all = () => [...root.querySelectorAll(selector)];
  const stop = (chosen) => { for (const node of all()) node.tabIndex = node === chosen ? 0 : -1; };
  root.addEventListener("focusin", (event) => { if (event.target.matches(selector)) stop(event.target); });
  root.addEventListener("keydown", (event) => {
    const nodes = all();
    const at = nodes.indexOf(event.target);
    if (at < 0) return;
    const wide = nodes.filter((node) => node.getBoundingClientRect().top === nodes[0].getBoundingClientRect().top).length;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + wide, ArrowUp: at - wide, Home: 0, End: nodes.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    nodes[to]?.focus();
  });
  return () => stop(all().includes(document.activeElement) ? document.activeElement : all()[0]);
}

// For those who hear the page: one sentence, once the hand rests.
let saying = 0;
export function say(text) {
  clearTimeout(saying);
  saying = setTimeout(() => { $("#say").textContent = text; }, 500);
}

let timer = 0;
export function toast(text) {
  const node = $("#toast");
  node.textContent = text;
  node.classList.add("up");
  clearTimeout(timer);
  timer = setTimeout(() => {
    node.classList.remove("up");
    node.textContent = "";
  }, 2600);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied as ${what}`);
  } catch {
    toast("The browser did not let me copy; select the text instead");
  }
}
