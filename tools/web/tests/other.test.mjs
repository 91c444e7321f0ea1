import assert from "node:assert/strict";
import { test } from "node:test";

import { difference, differs } from "../assets/difference.js";
import { automatonOf, evaluate, keyOf, keyText } from "../assets/expression.js";
import { follow } from "../assets/follow.js";
import { Lines } from "../assets/lines.js";
import { Run } from "../assets/run.js";
import { Script, durationOf, valueOf } from "../assets/script.js";
import { DELIVERIES_LIMIT, sequenceOf } from "../assets/sequence.js";
import { TraceSource } from "../assets/trace_source.js";
import { Usage } from "../assets/usage.js";
import { definitions, door, header, nothing, story } from "./door.mjs";

const runOf = (lines) => {
  const run = new Run(definitions());
  for (const line of [header(), nothing, ...lines]) run.add(line);
  return run;
};

test("a guard decides which case it was", () => {
  const run = runOf(story());
  const [, push] = story();
  const { before, after } = run.around(1);
  assert.deepEqual(follow(door(), before, push, after).transitions, [0]);
  const locked = {
    ...push,
    outcome: "ignored",
    after: "CLOSED",
    conditions: [{ ask: "locked", answer: true }],
    variables: undefined,
  };
  const followed = follow(door(), before, locked, before);
  assert.deepEqual([followed.transitions, followed.isExact], [[1], true]);
});

test("what is around both ends of a transition is not left", () => {
  const automaton = door();
  automaton.states[1].exit = [["set", "openings", ["value", 50]]];
  const { before, after } = runOf(story()).around(1);
  assert.equal(follow(automaton, before, story()[1], after).isExact, true);
});

test("what does not follow is likely, and said to be", () => {
  const run = runOf(story());
  const { before } = run.around(1);
  const without = { ...story()[1], conditions: [] };
  const followed = follow(door(), before, without, undefined);
  assert.deepEqual([followed.transitions, followed.isExact], [[0], false]);
  const other = follow(door(), before, { ...story()[1], event: "an event of another version" }, undefined);
  assert.deepEqual([other.transitions, other.isExact], [[], false]);
});

test("use is counted in portions", () => {
  const run = runOf(story());
  const usage = new Usage(run);
  assert.equal(usage.count(2), false);
  assert.equal(usage.count(100), true);
  const { states, transitions, deliveries, uncertain } = usage.automata.get("door");
  assert.deepEqual(transitions, [1, 0, 1, 1, 2]);
  assert.deepEqual(states, [1, 1, 2, 1, 1]);
  assert.deepEqual([deliveries, uncertain], [6, 0]);
});

test("lines come in any pieces", () => {
  const text = '\uFEFF{"a":1}\n\n{"b":"ä€😀"}\n{"c":3}';
  for (let size = 1; size < text.length; size += 1) {
    const lines = new Lines();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...lines.take(text.slice(at, at + size)));
    found.push(...lines.finish());
    assert.deepEqual(found, [{ a: 1 }, { b: "ä€😀" }, { c: 3 }]);
  }
  assert.throws(
    () => new Lines().take('{"a":1}\nx\n'),
    (error) => error.message === "line 2 is not JSON" && error.objects.length === 1,
  );
});

test("a file is read piece by piece, and a broken line says where it is", async () => {
  const texts = [header(), nothing, ...story()].map((line) => JSON.stringify(line)).join("\n");
  const read = async (text) => {
    const found = [];
    for await (const some of new TraceSource(new Blob([text]), { definitions }).lines()) found.push(...some);
    return found;
  };
  assert.equal((await read(texts)).length, 8);
  assert.equal((await read("")).length, 0);
  await assert.rejects(read(`${texts}\n{"half`), /line 9 is not JSON/);
});

test("keys are read as records write them", () => {
  for (const [name, key] of [
    ["door[1]", 1],
    ["door[a]", "a"],
    ['door["7"]', "7"],
    ["door", undefined],
    ["door[a[b]]", "a[b]"],
  ]) {
    assert.equal(keyOf(name), key);
    if (key !== undefined) assert.equal(`door[${keyText(key)}]`, name);
    assert.equal(automatonOf(name), "door");
  }
});

test("numbers stay at their bounds, and a division by zero is zero and noted", () => {
  const scope = {
    variables: new Map([["a", 0]]),
    parameters: new Map(),
    fields: [],
    conditions: [],
    dividedByZero: false,
  };
  assert.equal(evaluate(["op", "-", ["variable", "a"], ["value", 1], "u8", false], scope), 0);
  assert.equal(evaluate(["op", "/", ["value", -7], ["value", 2], "i8", false], scope), -3);
  assert.equal(evaluate(["op", "%", ["value", -7], ["value", 2], "i8", false], scope), -1);
  assert.equal(evaluate(["op", "*", ["value", 5000], ["value", -1], "duration", true], scope), 0);
  assert.equal(scope.dividedByZero, false);
  assert.equal(evaluate(["op", "/", ["value", 5000], ["value", -1], "duration", true], scope), 0);
  assert.equal(scope.dividedByZero, true);
});

test("a sequence has a lifeline for each instance and part, and is bounded", () => {
  const run = runOf([
    ...story().slice(0, 2),
    {
      sequence: 2,
      at_ms: 1000,
      cause: 1,
      instance: "door[2]",
      event: "ring",
      outcome: "unexpected",
      before: "CLOSED",
      after: "CLOSED",
      actions: [{ action: "greet", arguments: { who: "Ada" } }],
    },
  ]);
  const { lifelines, rows, isCut } = sequenceOf(run, 0, 2);
  assert.deepEqual(
    lifelines.map((one) => one.name),
    ["door[1]", "hall", "door[2]"],
  );
  const ring = rows.find((row) => row.label === "ring");
  assert.deepEqual([lifelines[ring.from].name, lifelines[ring.to].name], ["door[1]", "door[2]"]);
  assert.ok(rows.some((row) => row.kind === "odd" && row.text === "unexpected"));
  assert.ok(rows.some((row) => row.kind === "action" && row.label === "greet(Ada)"));
  assert.equal(isCut, false);
  const long = runOf(
    Array.from({ length: 1000 }, (_, at) => ({
      sequence: at,
      at_ms: at,
      instance: `door[${at}]`,
      event: "ring",
      outcome: "ignored",
    })),
  );
  const cut = sequenceOf(long, 0, 999);
  assert.ok(cut.isCut && cut.rows.length <= 2 * DELIVERIES_LIMIT && cut.lifelines.length <= 60);
});

test("a difference is what was added, removed and changed, and not what moved", () => {
  const now = door();
  assert.equal(differs(door(), now), false);
  for (const one of [...now.states, ...now.transitions, ...now.variables]) one.line += 10;
  assert.equal(differs(door(), now), false, "other lines are no change");
  now.states[3].name = "AJAR";
  now.transitions[0].text = "if quiet: → AJAR";
  now.transitions.pop();
  now.variables[0].initial = 7;
  const found = difference(door(), now);
  assert.deepEqual([found.before.states.get(3), found.after.states.get(3)], ["removed", "added"]);
  assert.deepEqual([found.before.transitions.get(0), found.after.transitions.get(0)], ["changed", "changed"]);
  assert.equal(found.before.transitions.get(4), "removed");
  assert.ok(found.list.some((one) => one.kind === "changed" && one.text === "variable openings"));
  const gone = difference(door(), undefined);
  assert.equal(gone.before.states.size, 5);
});

test("a script is what was done, with the answers that it was given", () => {
  const script = new Script();
  script.set("door.locked", true);
  script.add({ instance: "door[1]", event: "push", fields: { who: "Ada" } });
  script.answer(2, "door.locked", false);
  script.add({ at_ms: 5000 });
  assert.equal(
    script.text(),
    '{}\n{"instance":"door[1]","event":"push","fields":{"who":"Ada"},"conditions":{"door.locked":false}}\n{"at_ms":5000}\n',
  );
  assert.deepEqual([...script.answers()], [["door.locked", false]]);
  assert.ok(script.undo() && script.undo());
  assert.equal(script.undo(), false, "the start stays");
});

test("what is typed becomes a value of its type, or an error that says what is expected", () => {
  const types = [
    { name: "Colour", variants: ["Red"] },
    { name: "NodeId", variants: [] },
  ];
  assert.deepEqual(["5s", "2min", "1d", "7", "x"].map(durationOf), [5000, 120_000, 86_400_000, 7, undefined]);
  assert.equal(valueOf("7", "u8", types), 7);
  assert.equal(valueOf("", "u8?", types), null);
  assert.equal(valueOf("yes", "bool", types), true);
  assert.equal(valueOf("Red", "Colour", types), "Red");
  assert.deepEqual(valueOf('{"a":1}', "NodeId", types), { a: 1 });
  assert.equal(valueOf("alice", "NodeId", types), "alice");
  assert.throws(() => valueOf("", "u8", types), /whole number/);
  assert.throws(() => valueOf("soon", "duration", types), /500ms/);
});
