// The diagram of the selected automaton: the current state lit, the last transition shown, what was used painted on.

import { button, counted, element, fill } from "./dom.js";
import { follow, outwards, stateNamed } from "./follow.js";
import { findingList } from "./findings_panel.js";
import { Picture } from "./picture.js";
import { Usage } from "./usage.js";

/** Lines whose use is counted at once, before the page may handle something else. */
const PORTION = 2000;

/** @param {import("./room.js").Room} room */
export function diagramPanel(room) {
  const title = element("h2", {});
  const about = element("p", { class: "about" });
  const old = element("p", { class: "old", hidden: true, data: { part: "old" } });
  const cover = element("input", { type: "checkbox", data: { action: "coverage" } });
  const whole = element("input", {
    type: "checkbox",
    data: { action: "actual-size" },
    checked: window.matchMedia("(max-width: 700px)").matches,
  });
  const covered = element("span", { class: "quiet", data: { part: "coverage" } });
  const tools = element(
    "div",
    { class: "tools" },
    element("label", {}, cover, " Coverage"),
    element("label", {}, whole, " Actual size"),
    covered,
  );
  const place = element("div", { class: "picture-place", data: { part: "diagram" } });
  const beside = element("div", { class: "beside", data: { part: "findings" } });
  const panel = element(
    "section",
    { class: "view diagram" },
    element("div", { class: "title" }, title, tools),
    about,
    old,
    element("div", { class: "columns" }, place, beside),
  );
  /** @type {Picture|undefined} */
  let picture;
  let drawn;
  let usage;
  /** The definitions by which it counts. */
  let counts;
  let revealed;
  cover.addEventListener("change", () => ((room.isCovered = cover.checked), room.draw()));
  whole.addEventListener("change", () => (picture?.fit(!whole.checked), room.draw()));

  function update() {
    const automaton = room.automatonNamed();
    const isMissing = room.definitions && !automaton;
    if (!automaton) {
      title.textContent = isMissing ? "Nothing to show yet" : "";
      about.textContent = isMissing ? "There is no automaton without errors in these definitions." : "";
      fill(place);
      picture = drawn = undefined;
      return findings();
    }
    if (drawn !== automaton) load(automaton);
    findings();
    if (room.view !== "diagram") return;
    light(automaton);
    if (room.isCovered) count();
    else {
      covered.textContent = "";
      picture.unbadge();
    }
  }

  function load(automaton) {
    const isSame = drawn && drawn.name === automaton.name;
    const { scrollLeft, scrollTop } = picture?.element ?? {};
    drawn = automaton;
    title.textContent = automaton.name;
    about.textContent = automaton.summary;
    picture = new Picture(automaton.picture, { label: `Diagram of ${automaton.name}` });
    picture.fit(!whole.checked);
    picture.svg.addEventListener("click", (event) => {
      const line = event.target.closest("[data-line]")?.dataset.line;
      if (line) about.textContent = `${automaton.path}:${line}`;
    });
    fill(place, picture.element);
    if (isSame) Object.assign(picture.element, { scrollLeft, scrollTop });
    revealed = undefined;
  }

  function findings() {
    const { definitions } = room;
    const isOld = definitions?.old?.includes(room.automaton);
    old.hidden = !isOld;
    old.textContent = isOld ? "This is the last version without errors: the file has errors now." : "";
    panel.classList.toggle("is-old", Boolean(isOld));
    const all = definitions?.findings ?? [];
    const path = drawn?.path;
    // Errors of other files are shown where this one suffers from them.
    const own = all.filter(
      (finding) =>
        finding.path === path || (!drawn && finding.severity === "error") || (isOld && finding.severity === "error"),
    );
    findingList(beside, own, (finding) => point(finding));
    beside.hidden = own.length === 0;
  }

  /** Shows in the picture where a finding is. */
  function point(finding) {
    if (!picture || finding.path !== drawn.path) return;
    const places = [...picture.svg.querySelectorAll("[data-line]")].filter(
      (one) => Number(one.dataset.line) <= finding.line,
    );
    const nearest = places.sort((a, b) => Number(b.dataset.line) - Number(a.dataset.line))[0];
    for (const one of picture.svg.querySelectorAll(".found")) one.classList.remove("found");
    nearest?.classList.add("found");
    picture.reveal(nearest);
  }

  function light(automaton) {
    const { recording } = room;
    picture.unmark();
    if (!recording) return;
    const situation = recording.run.at(recording.index);
    const instance = situation.instances.get(room.instance);
    if (instance && instance.automaton === automaton.name) {
      const leaf = stateNamed(automaton, instance.state);
      for (const state of outwards(automaton, leaf)) {
        if (state > 0 || automaton.states.length === 1)
          picture.mark(picture.state(automaton.states[state].id), state === leaf ? "current" : "around");
      }
      const lit = picture.state(automaton.states[leaf]?.id);
      const key = `${room.instance} ${instance.state}`;
      if (lit && revealed !== key) picture.reveal(lit);
      revealed = key;
    }
    const index = instance?.automaton === automaton.name ? instance.last : recording.index;
    const line = recording.run.lines[index];
    if (!line || line.left_out || line.instance !== room.instance) return;
    const { before, after } = recording.run.around(index);
    const followed = follow(automaton, before, line, after);
    for (const number of followed.transitions) {
      for (const one of picture.transition(number, automaton.transitions[number].id)) {
        picture.mark(one, "current", ...(followed.isExact ? [] : ["is-likely"]));
      }
    }
  }

  function count() {
    const { run } = room.recording ?? {};
    if (!run) return;
    if (!usage?.isOf(run) || counts !== room.definitions) usage = new Usage(run);
    counts = room.definitions;
    const isDone = usage.count(PORTION);
    paint(isDone);
    if (!isDone) setTimeout(() => room.draw());
  }

  function paint(isDone) {
    const own = usage.automata.get(drawn.name);
    if (!own) return;
    picture.unbadge();
    const mark = (one, count) => picture.mark(one, count > 0 ? "used" : "never");
    drawn.states.forEach((state, index) => {
      if (index === 0) return;
      mark(picture.state(state.id), own.states[index]);
      if (own.states[index] > 0) picture.badge(picture.state(state.id), own.states[index].toLocaleString("en"), "used");
    });
    const lines = new Map();
    drawn.transitions.forEach((transition, index) => {
      const uses = own.transitions[index];
      for (const line of picture.lines.get(index) ?? []) lines.set(line, (lines.get(line) ?? 0) + uses);
      const words = picture.ids.get(transition.id);
      if (words) picture.mark(words, uses > 0 ? "is-used" : "is-never");
    });
    for (const [line, uses] of lines) mark(line, uses);
    const unused = (of) => of.filter((count) => count === 0).length;
    const states = own.states.slice(1);
    const never = [
      `${unused(states)} of ${counted(states.length, "state")}`,
      `${unused(own.transitions)} of ${counted(own.transitions.length, "transition")}`,
    ];
    const words = `${counted(own.deliveries, "delivery", "deliveries")}; never: ${never.join(", ")}`;
    const doubt = own.uncertain > 0 ? `; of ${own.uncertain} it is not certain what they did` : "";
    covered.textContent = isDone
      ? words + doubt
      : `counting: ${usage.counted.toLocaleString("en")} of ${room.recording.run.length.toLocaleString("en")}`;
  }

  return { element: panel, update };
}
