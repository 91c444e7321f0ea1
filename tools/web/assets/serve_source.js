// The source of `automata serve`: definitions that are being edited, and simulations of them.

/** How long to wait before the server is asked again, in milliseconds. */
const RETRY_MS = 1000;

export class ServeSource {
  name = "Definitions";

  /** @param {string|null} againstName   the folder of --against, if there is one */
  constructor(againstName) {
    if (againstName) {
      this.againstName = againstName;
      this.against = () => json("/against");
    }
  }

  definitions() {
    return json("/definitions");
  }

  /** Again whenever the server says that something changed, and when it is there again after it was gone. */
  async *changes(signal) {
    let version;
    while (!signal.aborted) {
      for await (const next of versions(signal)) {
        if (next === undefined || next === version) continue;
        try {
          const definitions = await this.definitions();
          version = next;
          yield definitions;
        } catch {
          // It has gone in between.
          break;
        }
      }
      await pause(RETRY_MS, signal);
    }
  }

  async simulate(script) {
    return json("/simulate", { method: "POST", headers: { "Content-Type": "application/x-ndjson" }, body: script });
  }
}

async function json(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** The numbers of versions that the server tells of, until it is gone. */
async function* versions(signal) {
  const events = new EventSource("/events");
  const waiting = [];
  let wake = () => {};
  let isOpen = true;
  events.addEventListener("version", (event) => (waiting.push(event.data), wake()));
  events.onerror = () => ((isOpen = false), wake());
  signal.addEventListener("abort", () => ((isOpen = false), wake()), { once: true });
  try {
    while (isOpen || waiting.length > 0) {
      if (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
      // Of several only the last is of interest.
      yield waiting.splice(0).pop();
    }
  } finally {
    events.close();
  }
}
