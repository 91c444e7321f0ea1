// How often each state was entered and each transition performed, in a run (as `automata render --trace` counts).
//
// Pure, and done in portions, so that a long run stops nothing.

import { automatonOf } from "./expression.js";
import { follow, outwards, stateNamed } from "./follow.js";

export class Usage {
  /** @param {import("./run.js").Run} run   counted from the beginning of what it holds */
  constructor(run) {
    this.run = run;
    /** Lines that are counted. */
    this.counted = 0;
    this.base = run.base;
    this.automata = new Map();
    for (const automaton of run.automata.values()) {
      this.automata.set(automaton.name, {
        states: new Array(automaton.states.length).fill(0),
        transitions: new Array(automaton.transitions.length).fill(0),
        deliveries: 0,
        /** Deliveries of which it is not certain what they performed. */
        uncertain: 0,
      });
    }
    for (const instance of run.base.instances.values()) {
      const automaton = run.automata.get(instance.automaton);
      if (!automaton) continue;
      const counts = this.automata.get(automaton.name);
      for (const state of outwards(automaton, stateNamed(automaton, instance.state))) counts.states[state] += 1;
    }
    this.situation = { now_ms: run.base.now_ms, instances: new Map(run.base.instances) };
  }

  /** Whether it is of this run as it is, and needs no new beginning. */
  isOf(run) {
    return this.run === run && this.base === run.base;
  }

  /** Counts up to `most` more lines. Returns whether all are counted. */
  count(most) {
    const { run, situation } = this;
    const end = Math.min(run.length, this.counted + most);
    for (; this.counted < end; this.counted += 1) {
      const line = run.lines[this.counted];
      const before = line.left_out ? undefined : situation.instances.get(line.instance);
      run.apply(situation, line, this.counted);
      const automaton = line.left_out ? undefined : run.automata.get(automatonOf(line.instance));
      if (!automaton) continue;
      const counts = this.automata.get(automaton.name);
      counts.deliveries += 1;
      const followed = follow(automaton, before, line, situation.instances.get(line.instance));
      const after = situation.instances.get(line.instance);
      if (after && followed.history.size > 0) {
        const history = new Map([...after.history, ...followed.history]);
        situation.instances.set(line.instance, { ...after, history });
      }
      for (const state of followed.entered) counts.states[state] += 1;
      if (followed.isExact || followed.transitions.length === 1) {
        for (const transition of followed.transitions) counts.transitions[transition] += 1;
      }
      if (!followed.isExact && followed.transitions.length > 0) counts.uncertain += 1;
    }
    return this.counted === run.length;
  }
}
