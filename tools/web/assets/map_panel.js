// The map of the system, with messages that move along its lines as they are delivered.

import { element, fill } from "./dom.js";
import { automatonOf } from "./expression.js";
import { shape } from "./dom.js";
import { Picture } from "./picture.js";
import { causeOf } from "./sequence.js";

/** How long a message is on its way, in milliseconds. */
const TRAVEL_MS = 600;

/** Messages that move at once, at most: more cannot be told apart. */
const MOVING = 24;

/** Lines that came at once of which messages are shown: the last ones. */
const SHOWN = 12;

/** @param {import("./room.js").Room} room */
export function mapPanel(room) {
  const whole = element("input", { type: "checkbox", data: { action: "map-actual-size" } });
  const tools = element("div", { class: "tools" }, element("label", {}, whole, " Actual size"));
  const place = element("div", { class: "picture-place", data: { part: "map" } });
  const about = element("p", {
    class: "about",
    text: "Which automaton tells which other what. A message moves along its line when it is delivered.",
  });
  const panel = element(
    "section",
    { class: "view map" },
    element("div", { class: "title" }, element("h2", { text: "Map of the system" }), tools),
    about,
    place,
  );
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Picture|undefined} */
  let picture;
  let drawn;
  let shown;
  let moving = 0;
  whole.addEventListener("change", () => picture?.fit(!whole.checked));

  function update() {
    const { definitions, recording } = room;
    if (room.view !== "map" || !definitions) return;
    if (drawn !== definitions.map) load(definitions);
    picture.unmark();
    picture.mark(picture.state(`system-automaton-${room.automaton}`), "current");
    if (!recording) return;
    const { run, index } = recording;
    const line = run.lines[index];
    if (line?.instance) picture.mark(picture.state(`system-automaton-${automatonOf(line.instance)}`), "around");
    for (const one of linesOf(run, index)) picture.mark(one, "current");
    const absolute = index + run.dropped;
    if (shown?.run === run && shown.absolute !== absolute) {
      const from = Math.max(shown.absolute + 1, absolute - SHOWN + 1);
      if (absolute < shown.absolute) move(run, index);
      for (let at = from; at <= absolute; at += 1) move(run, at - run.dropped);
    }
    shown = { run, absolute };
  }

  function load(definitions) {
    drawn = definitions.map;
    picture = new Picture(drawn, { label: "Map of the system" });
    picture.fit(!whole.checked);
    picture.svg.addEventListener("click", (event) => {
      const name = event.target.closest(".card")?.id.replace("system-automaton-", "");
      if (!name) return;
      const automaton = room.automatonNamed(name);
      room.select(name, automaton?.key ? "" : name);
      room.look("diagram");
    });
    fill(place, picture.element);
  }

  /** The lines of the map along which a delivery came. */
  function linesOf(run, index) {
    const line = run.lines[index];
    const cause = line?.instance ? causeOf(run, line) : undefined;
    if (!cause) return [];
    const [from, to] = [automatonOf(cause.instance), automatonOf(line.instance)];
    const event = room.automatonNamed(to)?.events.find((one) => one.name === line.event);
    const kind = event?.observes ? "observes" : event ? "sends" : "starts";
    const all = [
      ...picture.svg.querySelectorAll(`g.transition[data-from="${CSS.escape(from)}"][data-to="${CSS.escape(to)}"]`),
    ].filter((one) => one.querySelector(".line"));
    const own = all.filter((one) => one.classList.contains(kind));
    return own.length > 0 ? own : all;
  }

  function move(run, index) {
    if (calm.matches || moving >= MOVING) return;
    for (const one of linesOf(run, index)) travel(one.querySelector("path.line"));
  }

  function travel(path) {
    const length = path.getTotalLength();
    const dot = shape("circle", { class: "message", r: 6 });
    picture.svg.append(dot);
    moving += 1;
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, (now - start) / TRAVEL_MS));
      const { x, y } = path.getPointAtLength(part * length);
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
      if (part < 1 && dot.isConnected) return requestAnimationFrame(step);
      dot.remove();
      moving -= 1;
    };
    requestAnimationFrame(step);
  }

  return { element: panel, update };
}
