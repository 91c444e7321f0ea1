// Bytes or text to lines, and lines to objects, whatever the pieces in which they come.

/** Bytes of a line, at most (docs/TRACES.md). */
export const LINE_LIMIT = 16 * 1024 * 1024;

export class Lines {
  constructor() {
    this.rest = "";
    /** Lines so far. */
    this.count = 0;
  }

  /**
   * Takes the next piece of text.
   * @returns {Object[]} the lines that are whole now
   */
  take(text) {
    const parts = (this.rest + text).split("\n");
    this.rest = parts.pop();
    if (this.rest.length > LINE_LIMIT) throw new Error(`line ${this.count + 1} is longer than 16 MiB`);
    return this.parsed(parts);
  }

  /** What is left at the end: a last line without its line feed. */
  finish() {
    const rest = this.rest;
    this.rest = "";
    return rest.trim() === "" ? [] : this.parsed([rest]);
  }

  parsed(parts) {
    const objects = [];
    for (const part of parts) {
      this.count += 1;
      const text = this.count === 1 ? part.replace(/^\uFEFF/, "") : part;
      if (text.trim() === "") continue;
      try {
        objects.push(JSON.parse(text));
      } catch {
        throw Object.assign(new Error(`line ${this.count} is not JSON`), { objects });
      }
    }
    return objects;
  }
}
