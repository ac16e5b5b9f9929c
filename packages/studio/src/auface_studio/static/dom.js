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
  return () => stop(all()[0]);
}

let timer = 0;
export function toast(text) {
  const node = $("#toast");
  node.textContent = text;
  node.classList.add("up");
  clearTimeout(timer);
  timer = setTimeout(() => node.classList.remove("up"), 2600);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied as ${what}`);
  } catch {
    toast("The browser did not let me copy; select the text instead");
  }
}
