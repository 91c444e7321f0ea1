// A trace file that was dropped onto the page. It is read here, piece by piece, and goes nowhere.

import { Lines } from "./lines.js";

export class TraceSource {
  /** @param {File|Blob} file @param {import("./source.js").Source} definitions   whose definitions it is shown with */
  constructor(file, definitions) {
    this.file = file;
    this.name = file.name ?? "trace";
    this.definitions = () => definitions.definitions();
  }

  /** The lines, a piece of the file at a time. An error says which line is wrong. */
  async *lines(signal) {
    const lines = new Lines();
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const reader = this.file.stream().getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (signal?.aborted) return;
        try {
          const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
          yield lines.take(text);
          if (done) {
            yield lines.finish();
            return;
          }
        } catch (error) {
          // What came before the wrong line is still shown.
          if (error.objects?.length > 0) yield error.objects;
          throw error;
        }
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }
}
