// The Automata room. `mountRoom(element, source)` fills an element of the page; source.js says what a source is.
//
// A page that has a header and more rooms of its own says so: `mountRoom(element, source, { isPart: true })`.
//
// The room holds what is shown: which recording, which line of it, which automaton and instance. Panels draw it: each
// is a module with a function that takes the room and returns `{element, update}`; `update` is called once in a frame
// after something changed. What can be worked out without a page is in modules of its own (run.js, follow.js, usage.js,
// difference.js, sequence.js, script.js).

import { button, element, fill, takesKeys } from "./dom.js";
import { automatonOf } from "./expression.js";
import { Run } from "./run.js";
import { TraceSource } from "./trace_source.js";
import { comparePanel } from "./compare_panel.js";
import { diagramPanel } from "./diagram_panel.js";
import { eventsPanel } from "./events_panel.js";
import { findingsPanel } from "./findings_panel.js";
import { instancesPanel } from "./instances_panel.js";
import { mapPanel } from "./map_panel.js";
import { playerPanel } from "./player_panel.js";
import { sequencePanel } from "./sequence_panel.js";
import { simulatePanel } from "./simulate_panel.js";
import { situationPanel } from "./situation_panel.js";

/** Lines of a running program that are kept: a page may be open for days. */
const LIVE_LIMIT = 50_000;

/** A snapshot that seems to be older is not: the clock of the machine was set, or it slept. */
const OLDEST_SNAPSHOT_MS = 60_000;

const VIEWS = [
  ["diagram", "Diagram"],
  ["map", "Map"],
  ["sequence", "Sequence"],
  ["compare", "Compare"],
  ["findings", "Findings"],
];

/**
 * A run that can be shown.
 * @typedef {Object} Recording
 * @property {"live"|"simulation"|"trace"} kind
 * @property {string} name
 * @property {Run} run
 * @property {number} index          the line that is shown; -1: the situation before the first
 * @property {boolean} isFollowing   new lines are shown as they come
 * @property {string} note           what is wrong with it, or left out
 * @property {boolean} isComplete    no more lines will come
 * @property {number} arrived        when the last line came, by the clock of this page
 */

/**
 * @param {HTMLElement} container
 * @param {import("./source.js").Source} source
 * @param {{isPart?: boolean}} [options]   `isPart`: the page has a header already
 * @returns {Room}
 */
export function mountRoom(container, source, options = {}) {
  return new Room(container, source, options);
}

export class Room {
  /** @type {Map<string, Recording>} */
  recordings = new Map();
  /** @type {Recording|undefined} */
  recording = undefined;
  definitions = undefined;
  /** As they were when this page was opened. */
  opened = undefined;
  view = "diagram";
  automaton = "";
  /** Name of the selected instance; it need not exist. */
  instance = "";
  /** Only lines of the selected instance are listed and stepped through. */
  isOnlyInstance = false;
  /** First and last line of the selected span, both included. */
  span = undefined;
  isCovered = false;
  problem = "";
  /** What is to be shown as soon as the definitions are here. */
  wanted = undefined;
  panels = [];
  /** Another room of the page is shown: what happens is recorded, and neither drawn nor listened to. */
  isAway = false;

  constructor(container, source, { isPart = false } = {}) {
    this.source = source;
    this.isPart = isPart;
    this.ending = new AbortController();
    this.container = container;
    this.build();
    this.begin();
  }

  /** Ends everything that is going on, and empties the element. */
  close() {
    this.ending.abort();
    fill(this.container);
  }

  /** The page shows another room, or this one again. */
  away(isAway) {
    this.isAway = isAway;
    this.draw();
  }

  build() {
    const panel = (make) => {
      const made = make(this);
      this.panels.push(made);
      return made.element;
    };
    this.status = element("p", { class: "status", role: "status" });
    this.says = element("p", {
      class: "hidden",
      role: "status",
      "aria-live": "polite",
      data: { part: "announcements" },
    });
    this.choice = element("div", { class: "recordings", role: "group", "aria-label": "What is shown" });
    const file = element("input", {
      type: "file",
      class: "hidden",
      id: "room-file",
      tabindex: "-1",
      "aria-hidden": "true",
    });
    file.addEventListener("change", () => (this.open(file.files[0]), (file.value = "")));
    const open = button("Open a trace…", () => file.click(), { data: { action: "open-trace" } });
    this.tabs = element("div", { class: "tabs", role: "tablist", "aria-label": "Views" });
    const heading = element("h1", {}, "Automata ", element("small", { text: this.source.name }));
    const head = element(
      this.isPart ? "section" : "header",
      { class: "head", "aria-label": this.isPart ? "What is shown, and how" : undefined },
      heading,
      this.choice,
      open,
      file,
      this.tabs,
    );
    this.views = new Map([
      ["diagram", panel(diagramPanel)],
      ["map", panel(mapPanel)],
      ["sequence", panel(sequencePanel)],
      ["compare", panel(comparePanel)],
      ["findings", panel(findingsPanel)],
    ]);
    for (const [name, one] of this.views) {
      one.id = `view-${name}`;
      one.setAttribute("role", "tabpanel");
      one.setAttribute("aria-labelledby", `tab-${name}`);
    }
    const main = element("main", { class: "main" }, this.status, this.says, ...this.views.values());
    const side = element(
      "aside",
      { class: "side", tabindex: "0", "aria-label": "Instance" },
      panel(simulatePanel),
      panel(situationPanel),
    );
    const foot = element(
      "section",
      { class: "foot", "aria-label": "What happened" },
      panel(playerPanel),
      panel(eventsPanel),
    );
    const drop = element("p", { class: "drop", hidden: true, text: "Drop the trace here" });
    this.drop = drop;
    this.container.classList.add("room");
    fill(this.container, head, panel(instancesPanel), main, side, foot, drop);
    this.listen();
  }

  listen() {
    const { signal } = this.ending;
    const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const on = (name, handler) =>
      document.addEventListener(name, (event) => (this.isAway ? undefined : handler(event)), { signal });
    on("dragover", (event) => hasFile(event) && (event.preventDefault(), (this.drop.hidden = false)));
    on("dragleave", (event) => event.relatedTarget === null && (this.drop.hidden = true));
    on("drop", (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      this.drop.hidden = true;
      this.open(event.dataTransfer.files[0]);
    });
    on("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
    const steps = {
      ArrowRight: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      Home: () => this.show(-1),
      End: () => this.follow(),
    };
    const act = steps[event.key];
    const isTab = event.target instanceof Element && event.target.closest("[role=tablist], .picture");
    if (!act || isTab || !this.recording) return;
    event.preventDefault();
    act();
  }

  async begin() {
    const { source, ending } = this;
    try {
      this.define(await source.definitions());
    } catch (error) {
      this.problem = `The definitions could not be loaded: ${error.message}`;
      this.draw();
    }
    if (source.changes) this.watch(source.changes(ending.signal));
    if (source.lines) {
      const live = this.record("live", "Live");
      this.read(live, source.lines(ending.signal));
    }
    if (source.simulate) this.record("simulation", "Simulation");
    this.draw();
  }

  async watch(changes) {
    for await (const definitions of changes) this.define(definitions);
  }

  define(definitions) {
    this.problem = "";
    this.definitions = definitions;
    this.opened ??= definitions;
    for (const { run } of this.recordings.values()) run.define(definitions);
    const names = definitions.automata.map((automaton) => automaton.name);
    if (!names.includes(this.automaton)) {
      const first = definitions.automata[0];
      this.select(first?.name ?? "", first && !first.key ? first.name : "");
    }
    if (this.wanted) this.goTo(this.wanted);
    this.wanted = undefined;
    this.emit("definitions");
    this.draw();
  }

  /** Called by panels that have to do something at once when something happens. */
  on(name, handler) {
    this.handlers ??= new Map();
    this.handlers.set(name, [...(this.handlers.get(name) ?? []), handler]);
  }

  emit(name) {
    for (const handler of this.handlers?.get(name) ?? []) handler();
  }

  /** The automaton of that name, or the selected one. */
  automatonNamed(name = this.automaton) {
    return this.definitions?.automata.find((automaton) => automaton.name === name);
  }

  record(kind, name) {
    const definitions = this.definitions ?? { automata: [] };
    const recording = {
      kind,
      name,
      run: new Run(definitions, kind === "live" ? LIVE_LIMIT : undefined),
      index: -1,
      isFollowing: true,
      note: "",
      isComplete: false,
      arrived: performance.now(),
    };
    this.recordings.set(kind, recording);
    if (!this.recording || kind === "trace" || this.recording.kind === kind) this.choose(recording);
    return recording;
  }

  choose(recording) {
    this.recording = recording;
    this.span = undefined;
    this.draw();
  }

  forget(kind) {
    const gone = this.recordings.get(kind);
    this.recordings.delete(kind);
    gone?.stop?.abort();
    if (this.recording === gone) this.choose([...this.recordings.values()][0]);
  }

  open(file) {
    if (!file) return;
    this.forget("trace");
    const recording = this.record("trace", file.name);
    recording.isFollowing = false;
    recording.stop = new AbortController();
    this.read(recording, new TraceSource(file, this.source).lines(recording.stop.signal));
  }

  /** Takes lines as they come, and lets the page breathe in between. */
  async read(recording, lines) {
    const { run } = recording;
    let count = 0;
    try {
      for await (const some of lines) {
        for (const line of some) {
          count += 1;
          if (recording.kind === "trace" && run.length >= run.limit - 1) {
            const shown = run.length.toLocaleString("en");
            recording.note = `Only the first ${shown} lines are shown. \`automata replay\` takes traces of any length.`;
            recording.isComplete = true;
            return;
          }
          const { dropped, begun } = run;
          try {
            run.add(line);
          } catch (error) {
            throw new Error(`line ${count}: ${error.message}`);
          }
          if (run.begun !== begun) this.begunAgain(recording);
          else if (run.dropped > dropped) recording.index = Math.max(-1, recording.index - (run.dropped - dropped));
          if (count % 2000 === 0) await breath();
        }
        recording.arrived = performance.now() - (run.length === 0 ? this.ageOf(recording) : 0);
        if (recording.index >= run.length) recording.index = -1;
        if (recording.isFollowing) recording.index = run.length - 1;
        if (this.recording === recording) this.draw();
        await breath();
      }
      if (recording.kind === "live") recording.note = "No more lines come: the connection has ended.";
      else if (!run.header && run.length === 0) recording.note = "There is nothing in it that is a trace.";
    } catch (error) {
      recording.note =
        recording.kind === "live"
          ? `Not connected: ${error.message}`
          : `${recording.name}, ${error.message}. What is before it is shown.`;
    } finally {
      recording.isComplete = true;
      const model = run.header?.model;
      if (recording.kind === "trace" && model && model !== this.definitions?.model && !recording.note) {
        recording.note = "It was made under other definitions, so the pictures may not fit.";
      }
      this.draw();
    }
  }

  /** A header or a snapshot came: what was shown before is gone. */
  begunAgain(recording) {
    recording.index = -1;
    if (recording.kind === "live") recording.isFollowing = true;
    if (this.recording === recording) this.span = undefined;
  }

  /** How long ago a snapshot of a running bus was true: its time is that of the last delivery before it. */
  ageOf({ kind, run }) {
    const started = run.header?.started_unix_ms ?? 0;
    if (kind !== "live" || started === 0) return 0;
    return Math.min(Math.max(0, Date.now() - started - run.base.now_ms), OLDEST_SNAPSHOT_MS);
  }

  /** Puts a run in place of that of the simulation. */
  simulated(run, note) {
    const recording = this.recordings.get("simulation");
    recording.run = run;
    recording.index = run.length - 1;
    recording.isFollowing = true;
    recording.isComplete = true;
    recording.note = note;
    recording.arrived = performance.now();
    this.draw();
  }

  /** Shows an automaton or an instance by its name: `door`, or `door[1]`. */
  goTo(name) {
    const [automatonName] = name.split("[");
    const automaton = this.automatonNamed(automatonName);
    if (!this.definitions) this.wanted = name;
    else if (automaton) this.select(automatonName, automaton.key && name === automatonName ? "" : name);
  }

  select(automaton, instance) {
    this.automaton = automaton;
    this.instance = instance;
    this.draw();
  }

  look(view) {
    this.view = view;
    this.draw();
  }

  /** Shows a line, and stops following. */
  show(index, isAnnounced = true) {
    const { recording } = this;
    if (!recording) return;
    recording.index = Math.max(-1, Math.min(index, recording.run.length - 1));
    recording.isFollowing = false;
    this.draw();
    if (isAnnounced) this.announce();
  }

  follow() {
    const { recording } = this;
    if (!recording) return;
    recording.index = recording.run.length - 1;
    recording.isFollowing = true;
    this.draw();
    this.announce();
  }

  pause() {
    if (this.recording) this.recording.isFollowing = false;
    this.draw();
  }

  /** Whether a line is listed, and stopped at. */
  isListed(line) {
    if (!this.isOnlyInstance || line.left_out) return true;
    return this.instance === "" ? automatonOf(line.instance) === this.automaton : line.instance === this.instance;
  }

  /** To the next line that is listed, or the one before. */
  step(by) {
    const { recording } = this;
    if (!recording) return;
    const { lines } = recording.run;
    let index = recording.index + by;
    while (index >= 0 && index < lines.length && !this.isListed(lines[index])) index += by;
    if (index < lines.length) this.show(index);
  }

  announce() {
    const line = this.recording?.run.lines[this.recording.index];
    if (!line) this.says.textContent = "Before the first delivery";
    else if (line.left_out) this.says.textContent = `${line.left_out.deliveries} deliveries are left out`;
    else {
      const became =
        line.before === line.after
          ? line.outcome.replaceAll("_", " ")
          : `${line.before ?? "nothing"} to ${line.after ?? "nothing"}`;
      this.says.textContent = `${line.instance}, ${line.event}: ${became}`;
    }
  }

  /** Draws everything, once in the next frame. */
  draw() {
    if (this.isDrawing || this.isAway || this.ending.signal.aborted) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      if (this.isAway) return;
      this.drawHead();
      for (const panel of this.panels) panel.update();
    });
  }

  drawHead() {
    const { recording } = this;
    const choices = [...this.recordings.values()].flatMap((one) => {
      const is = one === recording;
      const choose = button(one.name, () => this.choose(one), {
        "aria-pressed": String(is),
        data: { recording: one.kind },
      });
      const close =
        one.kind === "trace"
          ? [button("×", () => this.forget("trace"), { "aria-label": `Close ${one.name}`, class: "close" })]
          : [];
      return [choose, ...close];
    });
    if (this.recordings.size > 1) fill(this.choice, ...choices);
    else fill(this.choice);
    const findings = this.definitions?.findings?.length ?? 0;
    // What a program cannot have, it is not offered: definitions that never change are compared with nothing.
    const isOffered = {
      findings: Boolean(this.definitions?.findings),
      compare: Boolean(this.source.changes ?? this.source.against),
    };
    const shown = VIEWS.filter(([name]) => isOffered[name] ?? true);
    const words = (name, text) => (name === "findings" && findings > 0 ? `${text} (${findings})` : text);
    const key = JSON.stringify([this.view, findings, shown.length]);
    if (this.headKey !== key) {
      this.headKey = key;
      const had = this.tabs.contains(document.activeElement);
      fill(this.tabs, ...shown.map(([name, text]) => this.tab(name, words(name, text), shown)));
      if (had) this.tabs.querySelector("[aria-selected=true]")?.focus();
      for (const [name, panel] of this.views) panel.hidden = name !== this.view;
    }
    const problem = this.problem || this.definitions?.problem || recording?.note || "";
    if (this.status.textContent !== problem) this.status.textContent = problem;
    this.status.hidden = problem === "";
  }

  tab(name, text, all) {
    const is = name === this.view;
    const tab = button(text, () => this.look(name), {
      id: `tab-${name}`,
      role: "tab",
      "aria-selected": String(is),
      "aria-controls": `view-${name}`,
      tabindex: is ? "0" : "-1",
      data: { view: name },
    });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const at = all.findIndex(([other]) => other === name);
      this.look(all[(at + step + all.length) % all.length][0]);
    });
    return tab;
  }
}

/** Lets the page handle what waits. */
function breath() {
  return new Promise((resolve) => setTimeout(resolve));
}
