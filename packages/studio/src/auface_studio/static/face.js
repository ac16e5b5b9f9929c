// The face and what lights on it. A quick draft first, the finished picture when the hand rests.

import { $, say } from "./dom.js";
import { Latest, picture, post, TAB } from "./api.js";
import { showSeen } from "./seen.js";

let maps = {};
let finish = 0;
let asked = 0; // counts wishes, so that an answer to an older one is known as such
export const moves = []; // milliseconds from a change to its draft on the screen, for the benchmark

export const setMaps = (given) => { maps = given; };

function put(image, blob) {
  const url = URL.createObjectURL(blob);
  return new Promise((resolve, reject) => {
    image.onload = () => { URL.revokeObjectURL(url); resolve(); };
    image.onerror = () => { URL.revokeObjectURL(url); reject(new Error("the picture could not be shown")); };
    image.src = url;
  });
}

function mark(text) {
  $("#stale").textContent = text;
  $("#frame").classList.toggle("stale", Boolean(text));
}

const draft = new Latest(async ({ body, count, started }) => {
  try {
    const { blob, notShown } = await picture({ ...body, draft: true });
    await put($("#face"), blob);
    moves.push(performance.now() - started);
    if (moves.length > 1000) moves.shift();
    if (count === asked) {
      mark("");
      $("#not-shown").textContent = notShown.length ? `not shown by this model: ${notShown.join(", ")}` : "";
      clearTimeout(finish);
      finish = setTimeout(() => finished(body, count), 250);
    }
  } catch (error) {
    if (count === asked && error.status !== 409) {
      mark(error.message);
      say(error.message);
    }
  }
});

async function finished(body, count) {
  try {
    const { blob } = await picture({ ...body, draft: false });
    if (count !== asked) return;
    await put($("#face"), blob);
    $("#frame").classList.add("whole");
    const seen = await post("/api/seen", { ...body, tab: TAB });
    if (count === asked) showSeen(seen);
  } catch (error) {
    if (count === asked && error.status !== 409) showSeen({ error: error.message });
  }
}

export function drawFace(body) {
  asked += 1;
  clearTimeout(finish);
  mark("drawing …");
  $("#frame").classList.remove("whole");
  $("#seen").classList.add("old");
  draft.wish({ body, count: asked, started: performance.now() });
}

export async function drawRest(body) {
  try {
    const { blob } = await picture({ ...body, actions: [], draft: true, tab: "" });
    await put($("#rest"), blob);
  } catch { /* the main picture says what is wrong */ }
}

// Where units move the face, as a warm light. The maps are coarse; the canvas smooths them.
export function glow(keys) {
  const canvas = $("#glow");
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  canvas.classList.toggle("on", false);
  if (!keys) return;
  let sum = null;
  for (const [name, grid] of Object.entries(maps)) {
    if (!keys.includes(name.split(":")[0])) continue;
    sum = sum ? sum.map((row, y) => row.map((v, x) => Math.max(v, grid[y][x]))) : grid;
  }
  if (!sum) return;
  const n = sum.length;
  const small = new OffscreenCanvas(n, n);
  const pixels = new ImageData(n, n);
  sum.flat().forEach((v, i) => pixels.data.set([255, 170, 60, Math.round(190 * v * v)], 4 * i));
  small.getContext("2d").putImageData(pixels, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  canvas.classList.toggle("on", true);
}
