// What differs between two versions of an automaton.
//
// Pure. States are told apart by their names, transitions by state and trigger and then by what they say, so a changed
// guard is a change and not one less and one more. A new name is another state.

/**
 * @typedef {Object} Difference
 * @property {{states: Map<number, string>, transitions: Map<number, string>}} before   index → `removed` or `changed`
 * @property {{states: Map<number, string>, transitions: Map<number, string>}} after    index → `added` or `changed`
 * @property {{kind: "added"|"removed"|"changed", text: string}[]} list   all of it, in words
 */

/** @param {Object|undefined} before @param {Object|undefined} after @returns {Difference} */
export function difference(before, after) {
  const made = {
    before: { states: new Map(), transitions: new Map() },
    after: { states: new Map(), transitions: new Map() },
    list: [],
  };
  const nothing = {
    states: [],
    transitions: [],
    events: [],
    variables: [],
    parameters: [],
    conditions: [],
    timers: [],
  };
  const [old, now] = [before ?? nothing, after ?? nothing];
  states(old, now, made);
  transitions(old, now, made);
  for (const [what, of] of [
    ["variable", "variables"],
    ["parameter", "parameters"],
    ["condition", "conditions"],
    ["event", "events"],
  ]) {
    named(what, old[of], now[of], made.list);
  }
  return made;
}

/** Whether two versions of an automaton differ in anything but lines of the file. */
export function differs(before, after) {
  return difference(before, after).list.length > 0;
}

function states(old, now, made) {
  const of = (all) => new Map(all.states.map((state, index) => [state.name, index]));
  const [was, is] = [of(old), of(now)];
  for (const [name, index] of was) {
    const other = is.get(name);
    if (other === undefined) {
      made.before.states.set(index, "removed");
      made.list.push({ kind: "removed", text: `state ${name}` });
    } else if (stateText(old, index) !== stateText(now, other)) {
      made.before.states.set(index, "changed");
      made.after.states.set(other, "changed");
      made.list.push({
        kind: "changed",
        text: `state ${name || "(root)"}: ${partsThatDiffer(old, index, now, other)}`,
      });
    }
  }
  for (const [name, index] of is) {
    if (was.has(name)) continue;
    made.after.states.set(index, "added");
    made.list.push({ kind: "added", text: `state ${name}` });
  }
}

/** What is said in the state itself, without its transitions. */
function stateParts(automaton, index) {
  const state = automaton.states[index];
  const event = (handler) => automaton.events[handler.event].name;
  const answers = (answer) =>
    state.handlers
      .filter((handler) => handler.answer === answer)
      .map(event)
      .sort();
  return {
    "the state around it": automaton.states[state.parent]?.name ?? "",
    kind: state.kind,
    initial: state.defaults.map((inner) => automaton.states[inner].name),
    history: state.history,
    entry: state.entry_text,
    exit: state.exit_text,
    "what it ignores": [...answers("ignore"), state.ignores_others ? "others" : ""],
    "what it defers": answers("defer"),
    timers: state.timers.map((timer) => automaton.timers[timer].label),
  };
}

const stateText = (automaton, index) => JSON.stringify(stateParts(automaton, index));

function partsThatDiffer(old, index, now, other) {
  const [was, is] = [stateParts(old, index), stateParts(now, other)];
  return Object.keys(was)
    .filter((part) => JSON.stringify(was[part]) !== JSON.stringify(is[part]))
    .join(", ");
}

function transitions(old, now, made) {
  const grouped = (automaton) => {
    const groups = new Map();
    automaton.transitions.forEach((transition, index) => {
      const key = `${automaton.states[transition.state].name || "(root)"}, ${transition.trigger}`;
      groups.set(key, [...(groups.get(key) ?? []), index]);
    });
    return groups;
  };
  const [was, is] = [grouped(old), grouped(now)];
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const text = (automaton, index) => `${automaton.transitions[index].text}`;
    const rest = [...(was.get(key) ?? [])];
    const more = [];
    for (const index of is.get(key) ?? []) {
      const same = rest.findIndex((one) => text(old, one) === text(now, index));
      if (same >= 0) rest.splice(same, 1);
      else more.push(index);
    }
    while (rest.length > 0 && more.length > 0) {
      const [one, other] = [rest.shift(), more.shift()];
      made.before.transitions.set(one, "changed");
      made.after.transitions.set(other, "changed");
      made.list.push({ kind: "changed", text: `${key}: ${text(old, one)}  ⇒  ${text(now, other)}` });
    }
    for (const one of rest) {
      made.before.transitions.set(one, "removed");
      made.list.push({ kind: "removed", text: `${key}: ${text(old, one)}` });
    }
    for (const other of more) {
      made.after.transitions.set(other, "added");
      made.list.push({ kind: "added", text: `${key}: ${text(now, other)}` });
    }
  }
}

function named(what, old, now, list) {
  const text = ({ line, ...rest }) => JSON.stringify(rest);
  const [was, is] = [new Map(old.map((one) => [one.name, one])), new Map(now.map((one) => [one.name, one]))];
  for (const [name, one] of was) {
    const other = is.get(name);
    if (!other) list.push({ kind: "removed", text: `${what} ${name}` });
    else if (text(one) !== text(other)) list.push({ kind: "changed", text: `${what} ${name}` });
  }
  for (const name of is.keys()) if (!was.has(name)) list.push({ kind: "added", text: `${what} ${name}` });
}
