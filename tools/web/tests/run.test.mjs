import assert from "node:assert/strict";
import { test } from "node:test";

import { Run } from "../assets/run.js";
import { definitions, header, nothing, story } from "./door.mjs";

const runOf = (lines, limit) => {
  const run = new Run(definitions(), limit);
  for (const line of [header(), nothing, ...lines]) run.add(line);
  return run;
};

const dues = (instance) => Object.fromEntries([...instance.timers].map(([label, timer]) => [label, timer.due_ms]));

test("the situation after each line follows from the lines", () => {
  const run = runOf(story());
  assert.equal(run.at(-1).instances.size, 0);
  const start = run.at(0).instances.get("door[1]");
  assert.deepEqual(
    [start.state, start.key, start.variables.get("openings"), start.parameters.get("patience")],
    ["CLOSED", 1, 0, 5000],
  );
  const open = run.at(1).instances.get("door[1]");
  assert.deepEqual([open.state, open.variables.get("openings"), open.since_ms, open.last], ["OPEN", 1, 1000, 1]);
  assert.equal(run.at(5).instances.size, 0, "a final state ends it");
  assert.equal(run.at(4).now_ms, 6000);
});

test("timers start, beat, and stop with their state", () => {
  const run = runOf(story());
  assert.deepEqual(dues(run.at(1).instances.get("door[1]")), {
    "after patience in OPEN": 6000,
    "every 2s in OPEN": 3000,
  });
  assert.equal(dues(run.at(2).instances.get("door[1]"))["every 2s in OPEN"], 5000);
  assert.equal(
    dues(run.at(3).instances.get("door[1]"))["every 2s in OPEN"],
    7000,
    "a late beat does not shift the next",
  );
  assert.deepEqual(dues(run.at(4).instances.get("door[1]")), {});
});

test("a step back is the same as never having been further", () => {
  const run = runOf(story());
  const seen = [-1, 0, 1, 2, 3, 4, 5].map((index) =>
    JSON.stringify([...run.at(index).instances.values()].map((one) => [one.state, dues(one)])),
  );
  for (const index of [5, 3, -1, 4, 0, 2, 1]) {
    const now = JSON.stringify([...run.at(index).instances.values()].map((one) => [one.state, dues(one)]));
    assert.equal(now, seen[index + 1], `line ${index}`);
  }
});

test("settings of the header, and what a start gives, come before defaults", () => {
  const run = new Run(definitions());
  run.add(header({ settings: { door: { patience: 8000 } } }));
  run.add(nothing);
  run.add({ sequence: 0, at_ms: 0, instance: "door[1]", event: "start", outcome: "started", after: "CLOSED" });
  run.add({
    sequence: 1,
    at_ms: 0,
    instance: "door[2]",
    event: "start",
    fields: { patience: 1 },
    outcome: "started",
    after: "CLOSED",
  });
  assert.equal(run.at(1).instances.get("door[1]").parameters.get("patience"), 8000);
  assert.equal(run.at(1).instances.get("door[2]").parameters.get("patience"), 1);
});

test("a snapshot is where it begins, with all that an instance has", () => {
  const run = new Run(definitions());
  run.add(header());
  run.add({
    snapshot: {
      now_ms: 900,
      sequence: 7,
      started: true,
      instances: [
        {
          instance: "door[9]",
          state: "OPEN",
          parameters: { patience: 5000 },
          variables: { openings: 3 },
          history: { HUNG: "CLOSED" },
          timers: [{ timer: "every 2s in OPEN", due_ms: 1500, interval_ms: 2000, order: 1 }],
        },
      ],
    },
  });
  const instance = run.at(-1).instances.get("door[9]");
  assert.deepEqual([instance.state, instance.variables.get("openings"), instance.history.get(1)], ["OPEN", 3, 2]);
  run.add({
    sequence: 7,
    at_ms: 1500,
    instance: "door[9]",
    event: "every 2s in OPEN",
    outcome: "internal",
    before: "OPEN",
    after: "OPEN",
  });
  assert.deepEqual(dues(run.at(0).instances.get("door[9]")), { "every 2s in OPEN": 3500 });
});

test("what is left out is taken over", () => {
  const run = runOf([
    ...story().slice(0, 2),
    {
      left_out: {
        sequence: 2,
        deliveries: 5,
        from_ms: 1100,
        at_ms: 1900,
        started: true,
        gone: ["door[1]"],
        instances: [{ instance: "door[2]", state: "CLOSED", variables: { openings: 4 } }],
      },
    },
  ]);
  assert.deepEqual([...run.at(2).instances.keys()], ["door[2]"]);
  assert.equal(run.at(2).now_ms, 1900);
});

test("an event for nobody leaves nobody", () => {
  const run = runOf([{ sequence: 0, at_ms: 5, instance: "door[4]", event: "ring", outcome: "no_such_instance" }]);
  assert.equal(run.at(0).instances.size, 0);
});

test("a hundred thousand lines are stepped through from anywhere to anywhere", () => {
  const lines = [];
  for (let index = 0; index < 100_000; index += 1) {
    const instance = `door[${index % 500}]`;
    const isFirst = index < 500;
    lines.push(
      isFirst
        ? {
            sequence: index,
            at_ms: index,
            instance,
            event: "start",
            outcome: "started",
            after: "CLOSED",
            variables: { openings: [null, 0] },
          }
        : {
            sequence: index,
            at_ms: index,
            instance,
            event: "push",
            outcome: "internal",
            before: "CLOSED",
            after: "CLOSED",
            variables: { openings: [0, index % 100] },
          },
    );
  }
  const run = runOf(lines);
  for (const index of [99_999, 0, 50_000, 49_999, 99_998, 512, 511, 1023, 1024, -1, 777]) {
    const { instances } = run.at(index);
    assert.equal(instances.size, Math.min(500, index + 1), `line ${index}`);
    if (index >= 500) assert.equal(instances.get(`door[${index % 500}]`).variables.get("openings"), index % 100);
  }
  // Each step applies at most one block of lines, whatever the length of the run.
  let applied = 0;
  const { apply } = run;
  run.apply = (...given) => ((applied += 1), apply.apply(run, given));
  run.at(99_000);
  run.at(1000);
  assert.ok(applied <= 2 * 512, `${applied} lines were applied`);
});

test("of more lines than are kept the oldest go, and the situation stays right", () => {
  const lines = [story()[0]];
  for (let index = 1; index < 20_000; index += 1) {
    lines.push({
      sequence: index,
      at_ms: index,
      instance: "door[1]",
      event: "push",
      outcome: "internal",
      before: "CLOSED",
      after: "CLOSED",
      variables: { openings: [0, index % 100] },
    });
  }
  const run = runOf(lines, 10_000);
  assert.ok(run.length <= 10_000 && run.dropped > 0);
  assert.equal(run.lines[0].sequence, run.dropped);
  assert.equal(
    run
      .at(run.length - 1)
      .instances.get("door[1]")
      .variables.get("openings"),
    19_999 % 100,
  );
  assert.equal(run.at(-1).instances.get("door[1]").variables.get("openings"), (run.dropped - 1) % 100);
});

test("another snapshot begins again", () => {
  const run = runOf(story());
  run.add(nothing);
  assert.deepEqual([run.length, run.at(-1).instances.size, run.header.program], [0, 0, "test"]);
});

test("other definitions change what is worked out, and not the lines", () => {
  const run = runOf(story());
  run.at(5);
  const other = definitions();
  other.automata[0].states[4].kind = "leaf";
  run.define(other);
  assert.equal(run.at(5).instances.get("door[1]").state, "GONE");
});

test("a line that is none says what is wrong with it", () => {
  const run = new Run(definitions());
  const wrong = (line, words) =>
    assert.throws(
      () => run.add(line),
      (error) => error.message.includes(words),
    );
  wrong([], "not an object");
  wrong(null, "not an object");
  wrong({ trace: 2 }, "format 2");
  wrong({ sequence: 1 }, "`at_ms`");
  wrong({ sequence: 1, at_ms: 1, instance: 5, event: "x", outcome: "taken" }, "`instance`");
  wrong({ sequence: 1, at_ms: 1, instance: "door", event: "x", outcome: "taken", variables: { a: 1 } }, "pair");
  wrong({ snapshot: { instances: [{}] } }, "no name");
  wrong({ left_out: null }, "not an object");
});

test("names that mean something to JavaScript are names like others", () => {
  const run = runOf([]);
  for (const name of ["__proto__", "constructor", "toString"]) {
    run.add({
      sequence: run.length,
      at_ms: 1,
      instance: name,
      event: "start",
      outcome: "started",
      after: "A",
      variables: JSON.parse('{"__proto__":[null,1]}'),
      timers: JSON.parse('{"__proto__":5}'),
    });
    assert.equal(
      run
        .at(run.length - 1)
        .instances.get(name)
        .variables.get("__proto__"),
      1,
    );
  }
  assert.equal({}.polluted, undefined);
});
