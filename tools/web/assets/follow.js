// Which transitions a delivery performed, and which states it left and entered.
//
// A delivery's line says how it ended, what was asked and what was answered, but not which case of the definition it
// was. Everything else follows from the definition, so it is worked out here, by docs/SEMANTICS.md, sections 2 and 3:
// the same steps as those of the interpreter, of which `tests/following.rs` holds the results against these.
//
// Where that is not possible (another version of the definitions, a secret, an older trace that leaves something out),
// the cases that may have been it are returned, with `isExact: false`.

import { Unknown, assigned, evaluate, isSame, keyOf, passedTo } from "./expression.js";

/** As in docs/SEMANTICS.md, section 2. */
const MICROSTEPS = 64;

/**
 * @typedef {Object} Followed
 * @property {number[]} transitions   in order
 * @property {number[]} entered       states, in order
 * @property {Map<number, number>} history   of states that were left: the leaf that was active then
 * @property {boolean} isExact
 */

/**
 * @param {Object} automaton     of the definitions
 * @param {Object|undefined} before   the instance before the delivery (see run.js), if there was one
 * @param {Object} record        the delivery's line
 * @param {Object|undefined} after    the instance after it: its parameters count for a start
 * @returns {Followed}
 */
export function follow(automaton, before, record, after) {
  try {
    const walk = new Walk(automaton, before, record, after);
    walk.deliver();
    if (walk.agrees())
      return { transitions: walk.transitions, entered: walk.entered, history: walk.history, isExact: true };
  } catch (error) {
    if (!(error instanceof Unknown) && !(error instanceof TypeError)) throw error;
  }
  return guess(automaton, record);
}

/** Index of the state of that name; -1 if there is none. */
export function stateNamed(automaton, name) {
  if (name === undefined) return -1;
  return name === "" ? 0 : automaton.states.findIndex((state, index) => index > 0 && state.name === name);
}

/** A state, its parent, and so on to the root. */
export function outwards(automaton, state) {
  const path = [];
  for (let at = state; at !== null && at !== undefined && at >= 0; at = automaton.states[at].parent) path.push(at);
  return path;
}

class Walk {
  constructor(automaton, before, record, after) {
    this.automaton = automaton;
    this.record = record;
    this.leaf = before ? stateNamed(automaton, record.before ?? before.state) : -1;
    this.scope = {
      variables: new Map(before?.variables),
      parameters: (before ?? after)?.parameters ?? new Map(),
      key: keyOf(record.instance),
      fields: [],
      conditions: record.conditions ?? [],
      dividedByZero: false,
    };
    this.remembered = new Map(before?.history);
    this.history = new Map();
    this.transitions = [];
    this.entered = [];
    this.raised = [];
    this.outcomes = [];
    this.microsteps = 0;
    this.isFinished = false;
    this.outcome = "";
  }

  deliver() {
    const { automaton, record } = this;
    const event = automaton.events.findIndex((one) => one.name === record.event);
    const timer = automaton.timers.findIndex((one) => one.label === record.event);
    if (["no_such_instance", "already_there"].includes(record.outcome)) {
      this.outcome = record.outcome;
      return;
    }
    if (event >= 0 && record.outcome !== "started") {
      const fields = automaton.events[event].fields.map((field) => record.fields?.[field.name] ?? null);
      this.outcome = this.event(event, fields);
    } else if (timer >= 0) {
      const taken = this.first(automaton.timers[timer].cases);
      this.outcome = taken === undefined ? "idle" : this.perform(taken);
    } else if (record.event === "start") {
      for (const variable of automaton.variables) this.scope.variables.set(variable.name, variable.initial);
      this.enter(0);
      this.enterDefaults(0);
      this.outcome = "started";
    } else {
      throw new Unknown(record.event);
    }
    if (["taken", "internal", "started"].includes(this.outcome)) this.settle();
    while (!this.isFinished && this.raised.length > 0) {
      if (!this.microstep()) break;
      const [event, fields] = this.raised.shift();
      const outcome = this.event(event, fields);
      this.outcomes.push(outcome);
      if (["taken", "internal"].includes(outcome)) this.settle();
    }
  }

  /** Whether it ended as the line says. */
  agrees() {
    const { record, automaton } = this;
    const raised = record.raised ?? [];
    const isThere = ["no_such_instance", "already_there"].includes(record.outcome);
    const leaf = isThere ? record.after : this.isFinished ? undefined : automaton.states[this.leaf].name;
    // A final state is entered, and is what the line says, or the instance is gone.
    const ends = this.isFinished && (record.after === undefined || automaton.states[this.leaf].name === record.after);
    const isAsSaid =
      this.outcome === record.outcome || (this.outcome === "deferred" && record.outcome === "defer_full");
    const isRaised =
      raised.length === this.outcomes.length &&
      raised.every((one, index) => one.outcome === this.outcomes[index] || this.outcomes[index] === "deferred");
    const changed = Object.entries(record.variables ?? {});
    const isSet = changed.every(([name, [, value]]) => isStamp(value) || isSame(this.scope.variables.get(name), value));
    return isAsSaid && isRaised && isSet && (ends || leaf === record.after);
  }

  event(event, fields) {
    const { automaton } = this;
    const path = outwards(automaton, this.leaf);
    for (const state of path) {
      for (const handler of automaton.states[state].handlers) {
        if (handler.event !== event || !this.matches(handler.key, fields)) continue;
        if (handler.answer) return handler.answer === "defer" ? "deferred" : "ignored";
        const taken = this.first(handler.cases, fields);
        if (taken !== undefined) return this.perform(taken, fields);
      }
    }
    const all = automaton.states.flatMap((state) => state.handlers.filter((handler) => handler.event === event));
    const isKeyed = all.length > 0 && all.every((handler) => handler.key);
    if (isKeyed && !all.some((handler) => this.matches(handler.key, fields))) return "ignored";
    return path.some((state) => automaton.states[state].ignores_others) ? "ignored" : "unexpected";
  }

  matches(key, fields) {
    if (!key) return true;
    this.scope.dividedByZero = false;
    return isSame(this.value(key, fields), fields[0]) && !this.scope.dividedByZero;
  }

  value(expression, fields = []) {
    this.scope.fields = fields;
    return evaluate(expression, this.scope);
  }

  /** The first case whose guard holds. */
  first(cases, fields = []) {
    return cases.find((one) => {
      const { guard } = this.automaton.transitions[one];
      this.scope.dividedByZero = false;
      return !guard || (this.value(guard, fields) === true && !this.scope.dividedByZero);
    });
  }

  microstep() {
    this.microsteps += 1;
    if (this.microsteps > MICROSTEPS) this.raised = [];
    return this.microsteps <= MICROSTEPS;
  }

  settle() {
    const { automaton } = this;
    while (!this.isFinished) {
      const cases = outwards(automaton, this.leaf).flatMap((state) => automaton.states[state].always);
      const next = this.first(cases);
      if (next === undefined || !this.microstep() || this.perform(next) === "ignored") return;
    }
  }

  perform(index, fields = []) {
    const { automaton } = this;
    const transition = automaton.transitions[index];
    this.transitions.push(index);
    if (transition.ignores) return "ignored";
    if (transition.target === null) {
      this.effects(transition.effects, fields);
      return "internal";
    }
    const leaf = this.leaf;
    for (const state of outwards(automaton, leaf)) {
      if (state === transition.scope) break;
      this.leave(state, leaf);
    }
    this.effects(transition.effects, fields);
    for (const state of this.path(transition.scope, transition.target)) this.enter(state);
    if (transition.to_history) this.enterHistory(transition.target);
    else this.enterDefaults(transition.target);
    return "taken";
  }

  /** States below `scope` on the way to `state`, from the outside in. */
  path(scope, state) {
    const path = outwards(this.automaton, state);
    const end = path.indexOf(scope);
    return path.slice(0, end < 0 ? path.length : end).reverse();
  }

  enterDefaults(state) {
    for (const inner of this.automaton.states[state].defaults) this.enter(inner);
  }

  enterHistory(state) {
    const leaf = this.remembered.get(state);
    const { history } = this.automaton.states[state];
    if (leaf === undefined || history === "none") return this.enterDefaults(state);
    const path = this.path(state, leaf);
    if (history === "deep") return path.forEach((inner) => this.enter(inner));
    if (path.length > 0) {
      this.enter(path[0]);
      this.enterDefaults(path[0]);
    }
  }

  leave(state, leaf) {
    const left = this.automaton.states[state];
    if (left.history !== "none") {
      this.remembered.set(state, leaf);
      this.history.set(state, leaf);
    }
    this.effects(left.exit);
    this.leaf = left.parent ?? 0;
  }

  enter(state) {
    const entered = this.automaton.states[state];
    this.leaf = state;
    this.entered.push(state);
    if (entered.kind === "final") {
      this.isFinished = true;
      return;
    }
    this.effects(entered.entry);
  }

  effects(effects, fields = []) {
    for (const [word, name, given] of effects) {
      if (word === "set") {
        const variable = this.automaton.variables.find((one) => one.name === name);
        this.scope.variables.set(name, assigned(this.value(given, fields), variable));
      } else {
        const values = given.map(([, type, argument]) => passedTo(this.value(argument, fields), type));
        this.raised.push([name, values]);
      }
    }
  }
}

/** A secret in a trace. */
function isStamp(value) {
  return value === "(secret)" || (value !== null && typeof value === "object" && "hash" in value && "length" in value);
}

/** The cases that fit the event, the states that were active and the one that is active now. */
function guess(automaton, record) {
  const before = outwards(automaton, stateNamed(automaton, record.before));
  const after = stateNamed(automaton, record.after);
  const reached = new Set(outwards(automaton, after));
  const fits = (transition) => {
    if (transition.trigger !== record.event || !before.includes(transition.state)) return false;
    if (transition.ignores) return record.outcome === "ignored";
    if (transition.target === null) return record.outcome === "internal";
    return record.outcome === "taken" && (reached.has(transition.target) || after < 0);
  };
  const transitions = automaton.transitions.flatMap((transition, index) => (fits(transition) ? [index] : []));
  const entered = [...reached].filter((state) => !before.includes(state)).reverse();
  return { transitions, entered, history: new Map(), isExact: false };
}
