// The script of a simulation: what was done so far, as `automata simulate --script` reads it.
//
// Pure. The server keeps nothing: each step sends the whole script, and gets back what all of it does. So undoing is
// leaving out the last line, and after a change of the definitions the same steps are done with the new ones.

/**
 * @typedef {Object} Step
 * @property {number} [at_ms]
 * @property {string} [instance]
 * @property {string} [event]
 * @property {Object} [fields]
 * @property {Object} [conditions]   answers that hold from this line on
 */

export class Script {
  constructor() {
    /** @type {Step[]} the first starts the system */
    this.steps = [{}];
    /** Answers for the next step. */
    this.pending = {};
  }

  /** Adds a step, with the answers that were changed since the last one. */
  add(step) {
    const conditions = { ...this.pending, ...step.conditions };
    this.steps.push(Object.keys(conditions).length > 0 ? { ...step, conditions } : step);
    this.pending = {};
  }

  /** Answers what a step asks; the first is 1. */
  answer(number, question, value) {
    const step = this.steps[number - 1];
    step.conditions = { ...step.conditions, [question]: value };
  }

  /** Changes what the host answers, from the next step on. */
  set(question, value) {
    this.pending[question] = value;
  }

  /** Takes the last step away; the start stays. Returns whether there was one. */
  undo() {
    if (this.steps.length === 1) return false;
    this.steps.pop();
    return true;
  }

  /** All answers as they hold after the last step: question → value. */
  answers() {
    const all = new Map();
    for (const { conditions } of [...this.steps, { conditions: this.pending }]) {
      for (const [question, value] of Object.entries(conditions ?? {})) all.set(question, value);
    }
    return all;
  }

  /** JSON Lines. */
  text() {
    return this.steps.map((step) => `${JSON.stringify(step)}\n`).join("");
  }
}

/** `500ms`, `5s`, `2min`, `1h`, `1d`, or a number of milliseconds; undefined if it is none of these. */
export function durationOf(text) {
  const found = /^\s*(\d+)\s*(ms|s|min|h|d)?\s*$/.exec(text);
  if (!found) return undefined;
  const units = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  return Number(found[1]) * units[found[2] ?? "ms"];
}

/**
 * What somebody typed, as a value of a type. Throws an error that says what is expected.
 * @param {string} type   as in YAML
 * @param {Object[]} types   of the definitions
 */
export function valueOf(text, type, types) {
  const isOptional = type.endsWith("?");
  const base = isOptional ? type.slice(0, -1) : type;
  if (isOptional && (text === "" || text === "none")) return null;
  if (base === "bool") {
    if (["true", "yes"].includes(text)) return true;
    if (["false", "no"].includes(text)) return false;
    throw new Error("expected yes or no");
  }
  if (/^[ui](8|16|32|64)$/.test(base)) {
    if (!/^-?\d+$/.test(text.trim())) throw new Error("expected a whole number");
    return Number(text);
  }
  if (base === "duration") {
    const length_ms = durationOf(text);
    if (length_ms === undefined) throw new Error("expected a length such as 500ms, 20s, 5min, 2h or 1d");
    return length_ms;
  }
  const declared = types.find((one) => one.name === base);
  if (declared && declared.variants.length === 0) {
    // Of an opaque type any JSON may be a value; what is not JSON is a text.
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}
