// Runs SCXML documents in SCION by a script, for the tests of `tools/outputs/tests/real_programs`.
//
// Standard input: one JSON object, from a name to `{"document", "functions", "steps": [{"at_ms", "event", "data", "answers"}]}`.
// Standard output: one JSON object, from each name to `{"error"}` or `{"states": [[…], …], "logs": [[…], …], "faults": […]}`: for the
// start and for each step the active leaves and what was logged since the one before. Time is virtual. A function of the
// host answers what the script said last of it: `answers` has values by `name` or `name(argument, …)`, as JSON.

const { readFileSync } = require("node:fs");

// Timers by their time, then by their order of start.
let now = 0;
let timers = [];
let numbers = 0;
globalThis.setTimeout = (run, delay = 0) => {
  timers.push({ due: now + Math.max(0, delay), number: numbers++, run });
  return timers.at(-1);
};
globalThis.clearTimeout = (timer) => {
  timers = timers.filter((other) => other !== timer);
};
function passTo(time) {
  for (;;) {
    const due = timers.filter((timer) => timer.due <= time);
    if (due.length === 0) break;
    const next = due.reduce((a, b) => (b.due < a.due || (b.due === a.due && b.number < a.number) ? b : a));
    clearTimeout(next);
    now = next.due;
    next.run();
  }
  now = time;
}

const scxml = require("@scion-scxml/scxml");
const core = scxml.core ?? scxml.scion;

const promised = (call) =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));

async function ran({ document, functions, steps }) {
  now = 0;
  timers = [];
  const answers = new Map();
  const context = {};
  for (const name of functions) {
    context[name] = (...given) => {
      const words = given.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
      return answers.get(`${name}(${words.join(", ")})`) ?? answers.get(name) ?? false;
    };
  }
  const model = await promised((done) => scxml.documentStringToModel("document.scxml", document, done));
  const factory = await promised((done) => model.prepare(done, context));
  const logged = [];
  const faults = [];
  const console = { log: (label, value) => logged.push([label, value ?? null]), error: (text) => faults.push(String(text)) };
  const machine = new core.Statechart(factory, { console });
  machine.on("onError", (fault) => faults.push(JSON.stringify(fault)));
  const states = [];
  const logs = [];
  const look = () => {
    // JSON knows no -0.
    logs.push(JSON.parse(JSON.stringify(logged.splice(0))));
    states.push(machine.getConfiguration());
  };
  const answer = (step) => Object.entries(step?.answers ?? {}).forEach(([name, value]) => answers.set(name, value));
  // Those of the first line hold at the start too.
  answer(steps[0]);
  machine.start();
  passTo(0);
  look();
  for (const step of steps) {
    answer(step);
    passTo(step.at_ms ?? now);
    if (step.event) machine.gen({ name: step.event, data: step.data ?? {} });
    passTo(now);
    look();
  }
  return { states, logs, faults };
}

(async () => {
  const results = {};
  for (const [name, task] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
    try {
      results[name] = await ran(task);
    } catch (error) {
      results[name] = { error: [error].flat().map((one) => String(one?.message ?? JSON.stringify(one))).join("; ") };
    }
  }
  process.stdout.write(JSON.stringify(results));
})();
