// A run: the lines of a trace (docs/TRACES.md), and the situation of all instances after any of them.
//
// Pure. The situation after a line is worked out from the nearest checkpoint before it, of which there is one every
// CHECKPOINT lines, so a step to any line costs the same in a trace of any length. Instances are never changed, only
// replaced, so a checkpoint is a copy of one map.

import { automatonOf, keyOf } from "./expression.js";
import { outwards, stateNamed } from "./follow.js";

/** Lines between two checkpoints. */
const CHECKPOINT = 512;

/** Lines that are kept; the oldest are dropped beyond that. */
export const LINES_LIMIT = 400_000;

/**
 * An instance after a line.
 * @typedef {Object} Instance
 * @property {string} name            `door[1]`
 * @property {string} automaton       `door`
 * @property {any} key
 * @property {string} state           its leaf; empty where the root is the only state
 * @property {Map<string, any>} parameters
 * @property {Map<string, any>} variables
 * @property {Map<string, {due_ms: number, interval_ms: number}>} timers   by their labels
 * @property {Map<number, number>} history   state → leaf, both as indexes
 * @property {number} since_ms        when it entered its state
 * @property {number} last            index of the line that changed it last; -1: the snapshot
 */

/**
 * @typedef {Object} Situation
 * @property {number} now_ms
 * @property {Map<string, Instance>} instances
 */

export class Run {
  /** @param {Object} definitions   see `Definitions` in source.js */
  constructor(definitions, limit = LINES_LIMIT) {
    this.limit = limit;
    this.define(definitions);
    this.clear();
  }

  /** Other definitions from now on, as after a file was saved: what was worked out with the old ones is forgotten. */
  define(definitions) {
    this.automata = new Map(definitions.automata.map((automaton) => [automaton.name, automaton]));
    if (this.base) {
      this.checkpoints = [copy(this.base)];
      this.position = undefined;
    }
  }

  clear() {
    /** How often it has begun. */
    this.begun = (this.begun ?? 0) + 1;
    this.header = undefined;
    /** Deliveries, and lines that leave some out, in order. Index 0 is the line after the snapshot. */
    this.lines = [];
    /** How many lines at the beginning were dropped, because there were too many. */
    this.dropped = 0;
    this.isEnded = false;
    this.base = { now_ms: 0, instances: new Map() };
    this.checkpoints = [copy(this.base)];
    this.position = undefined;
  }

  get length() {
    return this.lines.length;
  }

  /** Takes the next line, as an object. Throws an error that says what is wrong with it. */
  add(line) {
    if (line === null || typeof line !== "object" || Array.isArray(line)) throw new Error("this is not an object");
    if ("snapshot" in line) return this.begin(line.snapshot);
    if ("trace" in line) {
      if (line.trace !== 1)
        throw new Error(`this is a trace of format ${JSON.stringify(line.trace)}; this page reads format 1`);
      this.clear();
      this.header = line;
      return;
    }
    if ("end" in line) {
      this.isEnded = true;
      return;
    }
    checkLine(line);
    this.lines.push(line);
    if (this.lines.length > this.limit) this.drop();
  }

  begin(snapshot) {
    const { header } = this;
    this.clear();
    this.header = header;
    if (snapshot === null || typeof snapshot !== "object") throw new Error("the snapshot is not an object");
    this.base.now_ms = snapshot.now_ms ?? 0;
    for (const one of snapshot.instances ?? []) {
      const instance = this.restored(one, this.base.now_ms, -1);
      this.base.instances.set(instance.name, instance);
    }
    this.checkpoints = [copy(this.base)];
  }

  /** Drops the oldest lines, a tenth of all, and begins where they end. */
  drop() {
    const count = Math.max(CHECKPOINT, Math.floor(this.limit / 10 / CHECKPOINT) * CHECKPOINT);
    const base = this.at(count - 1);
    this.base = { now_ms: base.now_ms, instances: new Map() };
    for (const [name, instance] of base.instances) this.base.instances.set(name, { ...instance, last: -1 });
    this.lines.splice(0, count);
    this.dropped += count;
    this.checkpoints = [copy(this.base)];
    this.position = undefined;
  }

  /**
   * The situation after the line of that index; -1 is that of the snapshot. It may be read until the next call.
   * @returns {Situation}
   */
  at(index) {
    const end = Math.min(index, this.lines.length - 1);
    let { position } = this;
    const block = Math.floor((end + 1) / CHECKPOINT);
    if (!position || position.index > end || block > Math.floor((position.index + 1) / CHECKPOINT)) {
      const nearest = Math.min(block, this.checkpoints.length - 1);
      position = { index: nearest * CHECKPOINT - 1, situation: copy(this.checkpoints[nearest]) };
    }
    while (position.index < end) {
      position.index += 1;
      this.apply(position.situation, this.lines[position.index], position.index);
      if ((position.index + 1) % CHECKPOINT === 0 && (position.index + 1) / CHECKPOINT === this.checkpoints.length) {
        this.checkpoints.push(copy(position.situation));
      }
    }
    this.position = position;
    return position.situation;
  }

  /** The instance before the line of that index, and after it. */
  around(index) {
    const name = this.lines[index]?.instance;
    if (name === undefined) return { before: undefined, after: undefined };
    const before = this.at(index - 1).instances.get(name);
    return { before, after: this.at(index).instances.get(name) };
  }

  /** Changes a situation by a line. */
  apply(situation, line, index) {
    const { instances } = situation;
    if (line.left_out) {
      situation.now_ms = line.left_out.at_ms ?? situation.now_ms;
      for (const name of line.left_out.gone ?? []) instances.delete(name);
      for (const one of line.left_out.instances ?? []) {
        const instance = this.restored(one, situation.now_ms, index);
        instances.set(instance.name, instance);
      }
      return;
    }
    situation.now_ms = line.at_ms;
    const before = instances.get(line.instance);
    const automaton = this.automata.get(automatonOf(line.instance));
    if (line.after === undefined || (automaton && isFinal(automaton, line.after))) {
      // Nothing was there, or it has ended.
      instances.delete(line.instance);
      return;
    }
    const isStart = line.outcome === "started";
    const instance = before && !isStart ? { ...before } : this.made(automaton, line);
    instance.last = index;
    if (instance.state !== line.after || isStart) instance.since_ms = line.at_ms;
    if (automaton && before && !isStart) instance.history = remembered(automaton, before, line);
    instance.state = line.after;
    if (line.variables) {
      instance.variables = new Map(instance.variables);
      for (const [name, values] of Object.entries(line.variables)) instance.variables.set(name, values[1]);
    }
    instance.timers = timersAfter(automaton, instance, line);
    instances.set(line.instance, instance);
  }

  /** An instance that begins with a line. */
  made(automaton, line) {
    const settings = this.header?.settings?.[automaton?.name] ?? {};
    const parameters = new Map();
    for (const parameter of automaton?.parameters ?? []) {
      const value = line.fields?.[parameter.name] ?? settings[parameter.name] ?? parameter.initial;
      if (value !== undefined) parameters.set(parameter.name, value);
    }
    return {
      name: line.instance,
      automaton: automatonOf(line.instance),
      key: keyOf(line.instance),
      state: line.after,
      parameters,
      variables: new Map(),
      timers: new Map(),
      history: new Map(),
      since_ms: line.at_ms,
      last: -1,
    };
  }

  /** An instance of a snapshot. */
  restored(one, now_ms, index) {
    if (typeof one?.instance !== "string") throw new Error("an instance of the snapshot has no name");
    const automaton = this.automata.get(automatonOf(one.instance));
    const history = new Map();
    for (const [state, leaf] of Object.entries(one.history ?? {})) {
      if (automaton) history.set(stateNamed(automaton, state), stateNamed(automaton, leaf));
    }
    const timers = (one.timers ?? []).map((timer) => {
      return [timer.timer, { due_ms: timer.due_ms, interval_ms: timer.interval_ms ?? 0 }];
    });
    return {
      name: one.instance,
      automaton: automatonOf(one.instance),
      key: keyOf(one.instance),
      state: one.state ?? "",
      parameters: new Map(Object.entries(one.parameters ?? {})),
      variables: new Map(Object.entries(one.variables ?? {})),
      timers: new Map(timers),
      history,
      since_ms: now_ms,
      last: index,
    };
  }
}

/** @param {Situation} situation */
function copy(situation) {
  return { now_ms: situation.now_ms, instances: new Map(situation.instances) };
}

function checkLine(line) {
  if ("left_out" in line) {
    if (line.left_out === null || typeof line.left_out !== "object") throw new Error("`left_out` is not an object");
    return;
  }
  for (const [name, type] of [
    ["sequence", "number"],
    ["at_ms", "number"],
    ["instance", "string"],
    ["event", "string"],
    ["outcome", "string"],
  ]) {
    if (typeof line[name] !== type)
      throw new Error(`\`${name}\` is missing or not a ${type === "string" ? "text" : "number"}`);
  }
  for (const values of Object.values(line.variables ?? {})) {
    if (!Array.isArray(values)) throw new Error("a variable has no pair of values");
  }
}

function isFinal(automaton, name) {
  return automaton.states[stateNamed(automaton, name)]?.kind === "final";
}

/** Timers stop with their state; those that started are in the line; an `every` that was delivered is due again. */
function timersAfter(automaton, instance, line) {
  const started = Object.entries(line.timers ?? {});
  if (instance.timers.size === 0 && started.length === 0) return instance.timers;
  const timers = new Map();
  const active = new Set(automaton ? outwards(automaton, stateNamed(automaton, line.after)) : []);
  for (const [label, timer] of instance.timers) {
    const declared = automaton?.timers.find((one) => one.label === label);
    if (declared && !active.has(declared.state)) continue;
    if (label !== line.event) {
      timers.set(label, timer);
    } else if (timer.interval_ms > 0 && (declared?.repeats ?? label.startsWith("every "))) {
      const beats = Math.max(1, Math.floor((line.at_ms - timer.due_ms) / timer.interval_ms) + 1);
      timers.set(label, { ...timer, due_ms: timer.due_ms + beats * timer.interval_ms });
    }
  }
  for (const [label, due_ms] of started) timers.set(label, { due_ms, interval_ms: due_ms - line.at_ms });
  return timers;
}

/** What states with history remember, if they were left for good by this line. */
function remembered(automaton, before, line) {
  const leaf = stateNamed(automaton, before.state);
  const kept = new Set(outwards(automaton, stateNamed(automaton, line.after)));
  const left = outwards(automaton, leaf).filter(
    (state) => automaton.states[state].history !== "none" && !kept.has(state),
  );
  if (left.length === 0) return before.history;
  const history = new Map(before.history);
  for (const state of left) history.set(state, leaf);
  return history;
}
