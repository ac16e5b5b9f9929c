// Talking to the server. Errors carry the server's one sentence.

export const TAB = Math.random().toString(36).slice(2) + Date.now().toString(36);

export class Wrong extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function checked(response) {
  if (response.ok) return response;
  let message = `the server answered ${response.status}`;
  try {
    message = (await response.json()).error ?? message;
  } catch { /* no JSON: the status has to do */ }
  throw new Wrong(message, response.status);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Wrong("the studio does not answer: is `auface studio` still running?", 0);
  }
  return checked(response);
}

export const get = async (path) => (await ask(path)).json();

export const post = async (path, body, signal) =>
  (await ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal })).json();

export const send = async (path, bytes) =>
  (await ask(path, { method: "POST", headers: { "content-type": "application/octet-stream" }, body: bytes })).json();

export async function film(body) {
  const response = await ask("/api/set/play", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return response.blob();
}

export async function picture(body, signal) {
  const response = await ask("/api/face", {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, tab: TAB }), signal,
  });
  const notShown = response.headers.get("x-not-shown");
  return { blob: await response.blob(), notShown: notShown ? notShown.split(",") : [] };
}

// Latest wins: one request at a time, and of those that come meanwhile only the newest is made.
export class Latest {
  constructor(work) {
    this.work = work;
    this.busy = false;
    this.next = null;
  }

  async wish(value) {
    this.next = { value };
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.next) {
        const { value: now } = this.next;
        this.next = null;
        await this.work(now);
      }
    } finally {
      this.busy = false;
    }
  }
}
