// Definitions by hand, small enough to read: a door that opens, closes by itself, and beats while it is open.

const state = (name, parent, more = {}) => ({
  name,
  summary: "",
  id: name ? `door-state-${name}` : "door-any-state",
  parent,
  kind: "leaf",
  line: 1,
  defaults: [],
  history: "none",
  handlers: [],
  ignores_others: false,
  timers: [],
  always: [],
  entry: [],
  exit: [],
  entry_text: [],
  exit_text: [],
  accepts: [],
  ...more,
});

const transition = (of, trigger, target, more = {}) => ({
  id: `door-transition-${of}-${trigger}`,
  state: of,
  trigger,
  text: `→ ${target}`,
  target,
  to_history: false,
  ignores: false,
  guard: null,
  effects: [],
  scope: target === null ? null : 1,
  summary: "",
  line: 1,
  end_line: 1,
  ...more,
});

/** States: root, HUNG around CLOSED and OPEN, GONE. */
export const door = () => ({
  name: "door",
  summary: "Is it open?",
  key: { name: "door", type: "u32" },
  path: "automata/door.yaml",
  picture: "<svg/>",
  states: [
    state("", null, { kind: "root", defaults: [1, 2] }),
    state("HUNG", 0, {
      kind: "composite",
      defaults: [2],
      history: "shallow",
      handlers: [
        { event: 1, cases: [2] },
        { event: 2, answer: "ignore" },
      ],
    }),
    state("CLOSED", 1, { handlers: [{ event: 0, cases: [0, 1] }] }),
    state("OPEN", 1, { timers: [0, 1], handlers: [{ event: 0, answer: "ignore" }] }),
    state("GONE", 0, { kind: "final" }),
  ],
  events: [
    {
      name: "push",
      fields: [{ name: "who", type: "string" }],
      summary: "",
      from: ["hall"],
      starts: true,
      observes: null,
      line: 1,
    },
    { name: "remove", fields: [], summary: "", from: ["hall"], starts: false, observes: null, line: 1 },
    { name: "ring", fields: [], summary: "", from: ["bell"], starts: false, observes: null, line: 1 },
  ],
  transitions: [
    transition(2, "push", 3, {
      guard: ["not", ["condition", "locked", []]],
      effects: [["set", "openings", ["op", "+", ["variable", "openings"], ["value", 1], "u8", false]]],
    }),
    transition(2, "push", null, { ignores: true, text: "ignored (it is locked)" }),
    transition(1, "remove", 4, { scope: 0 }),
    transition(3, "after patience in OPEN", 2),
    transition(3, "every 2s in OPEN", null, { text: "stays" }),
  ],
  variables: [{ name: "openings", type: "u8", initial: 0, initial_text: "0", bounds: [0, 100], summary: "", line: 1 }],
  parameters: [
    { name: "patience", type: "duration", initial: 5000, initial_text: "5s", bounds: null, summary: "", line: 1 },
  ],
  conditions: [{ name: "locked", type: "bool", arguments: [], summary: "", line: 1 }],
  timers: [
    { label: "after patience in OPEN", state: 3, repeats: false, cases: [3], line: 1 },
    { label: "every 2s in OPEN", state: 3, repeats: true, cases: [4], line: 1 },
  ],
  actions: [{ name: "greet", by: "hall", summary: "" }],
});

export const definitions = () => ({ model: "m", automata: [door()], types: [], parts: ["hall"], map: "<svg/>" });

export const header = (more = {}) => ({ trace: 1, program: "test", model: "m", queue_limit: 1, timers: true, ...more });

export const nothing = { snapshot: { now_ms: 0, sequence: 0, started: false } };

/** `door[1]` is made, opened at 1 s, beats, and is closed again at 6 s. */
export const story = () => [
  {
    sequence: 0,
    at_ms: 0,
    instance: "door[1]",
    event: "start",
    outcome: "started",
    after: "CLOSED",
    variables: { openings: [null, 0] },
  },
  {
    sequence: 1,
    at_ms: 1000,
    instance: "door[1]",
    event: "push",
    fields: { who: "Ada" },
    outcome: "taken",
    before: "CLOSED",
    after: "OPEN",
    conditions: [{ ask: "locked", answer: false }],
    variables: { openings: [0, 1] },
    timers: { "after patience in OPEN": 6000, "every 2s in OPEN": 3000 },
  },
  {
    sequence: 2,
    at_ms: 3000,
    instance: "door[1]",
    event: "every 2s in OPEN",
    outcome: "internal",
    before: "OPEN",
    after: "OPEN",
  },
  {
    sequence: 3,
    at_ms: 5500,
    instance: "door[1]",
    event: "every 2s in OPEN",
    outcome: "internal",
    before: "OPEN",
    after: "OPEN",
  },
  {
    sequence: 4,
    at_ms: 6000,
    instance: "door[1]",
    event: "after patience in OPEN",
    outcome: "taken",
    before: "OPEN",
    after: "CLOSED",
  },
  { sequence: 5, at_ms: 7000, instance: "door[1]", event: "remove", outcome: "taken", before: "CLOSED", after: "GONE" },
];
