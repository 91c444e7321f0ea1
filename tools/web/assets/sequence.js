// Who said what to whom in a span of a run: deliveries as arrows between lifelines, as `automata sequence` has them.
//
// Pure. A lifeline is an instance, or a part of the program. An input comes from the part that the definition names
// (from `outside` if it names several), what has a cause from the instance of that delivery, and an action goes to the
// part that performs it.

import { automatonOf } from "./expression.js";

/** Deliveries in one picture, at most: more cannot be read. */
export const DELIVERIES_LIMIT = 300;

/** Lifelines in one picture, at most. */
export const LIFELINES_LIMIT = 60;

const LABEL_LIMIT = 52;
const OUTSIDE = "outside";

/** The line of the delivery that caused this one, if the run has it. */
export function causeOf(run, line) {
  if (line.cause === undefined) return undefined;
  const sequence = (index) => run.lines[index].sequence ?? run.lines[index].left_out?.sequence ?? 0;
  let [low, high] = [0, run.lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sequence(middle) < line.cause) low = middle + 1;
    else high = middle;
  }
  const found = run.lines[low];
  return found?.sequence === line.cause ? found : undefined;
}

/**
 * @param {import("./run.js").Run} run
 * @param {number} from   index of the first line
 * @param {number} to     index of the last line
 * @returns {{lifelines: {name: string, isPart: boolean}[], rows: Object[], isCut: boolean}}
 */
export function sequenceOf(run, from, to) {
  const lifelines = [];
  const places = new Map();
  const rows = [];
  let isCut = to - from + 1 > DELIVERIES_LIMIT;
  const lifeline = (name, isPart) => {
    const key = `${isPart} ${name}`;
    if (!places.has(key)) {
      if (lifelines.length === LIFELINES_LIMIT) return undefined;
      places.set(key, lifelines.length);
      lifelines.push({ name: shortened(name), isPart });
    }
    return places.get(key);
  };
  const end = Math.min(to, from + DELIVERIES_LIMIT - 1, run.lines.length - 1);
  for (let index = Math.max(0, from); index <= end; index += 1) {
    const line = run.lines[index];
    const row = (one) =>
      rows.push({
        index,
        sequence: line.sequence ?? line.left_out.sequence,
        at_ms: line.at_ms ?? line.left_out.from_ms,
        ...one,
      });
    if (line.left_out) {
      const of = lifeline("left out", true);
      if (of !== undefined) row({ of, text: `${line.left_out.deliveries} deliveries`, kind: "nothing" });
      continue;
    }
    const needed = lifeline(line.instance, false);
    if (needed === undefined) {
      isCut = true;
      continue;
    }
    const automaton = run.automata.get(automatonOf(line.instance));
    const incoming = incomingOf(run, automaton, line);
    const source = incoming && lifeline(incoming.from, incoming.isPart);
    if (source !== undefined) row({ from: source, to: needed, label: incoming.label, kind: incoming.kind });
    const became = becameOf(line);
    if (became) row({ of: needed, ...became });
    for (const action of line.actions ?? []) {
      const part = automaton?.actions.find((one) => one.name === action.action)?.by ?? OUTSIDE;
      const performer = lifeline(part, true);
      if (performer !== undefined)
        row({ from: needed, to: performer, label: call(action.action, action.arguments), kind: "action" });
    }
  }
  return { lifelines, rows, isCut };
}

function incomingOf(run, automaton, line) {
  const label = call(line.event, line.fields);
  const event = automaton?.events.find((one) => one.name === line.event);
  const isTimer = !event && /^(after|every) /.test(line.event);
  if (isTimer)
    return { from: line.instance, isPart: false, label: shortened(line.event.split(" in ")[0]), kind: "timer" };
  const kind = event?.observes ? "observation" : event ? "event" : "start";
  const cause = causeOf(run, line);
  if (cause) return { from: cause.instance, isPart: false, label, kind };
  if (line.cause !== undefined) return { from: OUTSIDE, isPart: true, label, kind };
  // The start of the system: nobody sends it.
  if (!event) return undefined;
  const automata = new Set(run.automata.keys());
  const parts = event.from.filter((name) => !automata.has(name));
  return { from: parts.length === 1 && !event.observes ? parts[0] : OUTSIDE, isPart: true, label, kind };
}

/** What became of a delivery, if that is not clear from the rest. */
function becameOf(line) {
  const { outcome, before, after } = line;
  if (["taken", "started"].includes(outcome) && after) return { text: after, kind: "entered" };
  if (outcome === "started") return { text: "started", kind: "entered" };
  if (outcome === "internal") return before !== after ? { text: after ?? "ended", kind: "entered" } : undefined;
  if (outcome === "taken") return undefined;
  const isOdd = ["unexpected", "no_such_instance", "defer_full"].includes(outcome);
  return { text: outcome.replaceAll("_", " "), kind: isOdd ? "odd" : "nothing" };
}

function call(name, values) {
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const words = Object.values(values ?? {}).map(text);
  return shortened(words.length === 0 ? name : `${name}(${words.join(", ")})`);
}

function shortened(text) {
  const characters = [...text];
  return characters.length > LABEL_LIMIT ? `${characters.slice(0, LABEL_LIMIT).join("").trimEnd()}…` : text;
}
