// Holds what the page works out of the lines of a run against what the interpreter did; see following.rs.

import { readFileSync } from "node:fs";

import { automatonOf, isSame } from "../assets/expression.js";
import { follow } from "../assets/follow.js";
import { Run } from "../assets/run.js";

const runs = JSON.parse(readFileSync(process.argv[2], "utf8"));
const wrong = [];
let deliveries = 0;
let inexact = 0;

const fold = (map) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

for (const { folder, definitions, lines, did, snapshot } of runs) {
  const run = new Run(definitions);
  run.begin({ now_ms: 0, sequence: 0, started: false, instances: [] });
  for (const line of lines) run.add(line);
  // As the page's `Usage` goes through a run, with the history that follows from the steps.
  const situation = { now_ms: 0, instances: new Map() };
  lines.forEach((line, index) => {
    const automaton = run.automata.get(automatonOf(line.instance));
    const before = situation.instances.get(line.instance);
    run.apply(situation, line, index);
    const after = situation.instances.get(line.instance);
    const followed = follow(automaton, before, line, after);
    if (after && followed.history.size > 0) {
      situation.instances.set(line.instance, { ...after, history: new Map([...after.history, ...followed.history]) });
    }
    deliveries += 1;
    if (!followed.isExact) {
      inexact += 1;
      wrong.push(`${folder}: not certain: ${JSON.stringify(line)}`);
    } else if (!isSame(followed.transitions, did[index].transitions) || !isSame(followed.entered, did[index].entered)) {
      wrong.push(
        `${folder}: ${JSON.stringify(line)}\n  followed ${JSON.stringify(followed)}\n  but did ${JSON.stringify(did[index])}`,
      );
    }
  });
  const found = run.at(run.length - 1);
  const wanted = new Run(definitions);
  wanted.begin(snapshot);
  const names = (of) => [...of.instances.keys()].sort();
  if (!isSame(names(found), names(wanted.base)))
    wrong.push(`${folder}: instances ${names(found)} instead of ${names(wanted.base)}`);
  for (const [name, instance] of wanted.base.instances) {
    const own = found.instances.get(name);
    if (!own) continue;
    const dues = (of) => fold([...of.timers].map(([label, timer]) => [label, timer.due_ms]));
    for (const [what, a, b] of [
      ["state", own.state, instance.state],
      ["variables", fold(own.variables), fold(instance.variables)],
      ["parameters", fold(own.parameters), fold(instance.parameters)],
      ["timers", dues(own), dues(instance)],
    ]) {
      if (!isSame(a, b)) wrong.push(`${folder}: ${name}: ${what} ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`);
    }
  }
}

console.log(`${runs.length} runs, ${deliveries} deliveries, ${inexact} not certain, ${wrong.length} wrong`);
if (wrong.length > 0) {
  console.log(wrong.slice(0, 12).join("\n"));
  process.exitCode = 1;
}
