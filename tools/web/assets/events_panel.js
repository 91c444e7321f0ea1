// The deliveries as they come: one row each, of which only those that can be seen are in the page.

import { element, moment, shownAll } from "./dom.js";
import { VirtualList } from "./virtual_list.js";

const ODD = new Set(["unexpected", "no_such_instance", "defer_full"]);

/** @param {import("./room.js").Room} room */
export function eventsPanel(room) {
  const only = element("input", { type: "checkbox", data: { action: "only-instance" } });
  const label = element("span", { text: "only this instance" });
  const hint = element("span", { class: "quiet hint", text: "Shift selects a span for the sequence" });
  const list = new VirtualList({ label: "Deliveries", height: 26, draw, choose });
  const tools = element("div", { class: "tools" }, element("label", {}, only, " ", label), hint);
  const panel = element("div", { class: "events", data: { part: "events" } }, tools, list.element);
  only.addEventListener("change", () => ((room.isOnlyInstance = only.checked), room.draw()));
  /** Indexes of the lines that are listed; undefined: all. */
  let listed;
  let filter = "";
  let looked = 0;
  let key = "";

  function update() {
    const { recording } = room;
    panel.hidden = !recording;
    if (!recording) return;
    const { run, index } = recording;
    label.textContent = `only ${room.instance || room.automaton}`;
    only.checked = room.isOnlyInstance;
    collect(run);
    const count = listed ? listed.length : run.length;
    const current = positionOf(index);
    const now = [
      recording.kind,
      run.begun,
      run.dropped,
      count,
      filter,
      run.header?.model,
      room.span?.join(),
      run.lines[0]?.sequence,
    ].join("\u0000");
    const isMoved = list.current !== current || now !== key;
    if (now !== key) {
      key = now;
      list.update(count, current, isMoved);
    } else if (isMoved) {
      list.current = current;
      if (current >= 0) list.reveal(current);
      list.show();
    }
  }

  /** Looks which lines are listed: those that came since the last time. */
  function collect(run) {
    const now = room.isOnlyInstance
      ? `${room.automaton}\u0000${room.instance}\u0000${run.begun}\u0000${run.dropped}\u0000${room.recording.kind}`
      : "";
    if (now !== filter || run !== collect.run || run.length < looked) {
      filter = now;
      collect.run = run;
      listed = now ? [] : undefined;
      looked = 0;
    }
    if (!listed) return;
    for (; looked < run.length; looked += 1) if (room.isListed(run.lines[looked])) listed.push(looked);
  }

  /** The row of a line, or of the last one before it. */
  function positionOf(index) {
    if (!listed) return index;
    let [low, high] = [0, listed.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (listed[middle] <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  const lineOf = (position) => (listed ? listed[position] : position);

  function draw(position, row) {
    const index = lineOf(position);
    const line = room.recording.run.lines[index];
    if (!line) return;
    const [from, to] = room.span ?? [1, 0];
    row.classList.toggle("in-span", index >= from && index <= to);
    if (line.left_out) {
      const { deliveries, source, from_ms = 0, sequence } = line.left_out;
      cells(row, from_ms, sequence, "left out", `${deliveries} deliveries${source ? ` by ${source}` : ""}`, "");
      return;
    }
    const isNew = line.after !== line.before;
    const became = isNew
      ? line.after === undefined
        ? "ended"
        : line.after || line.outcome
      : line.outcome === "taken"
        ? line.after
        : line.outcome.replaceAll("_", " ");
    cells(
      row,
      line.at_ms,
      line.sequence,
      line.instance,
      `${line.event}${line.fields ? ` (${shownAll(line.fields)})` : ""}`,
      became,
    );
    row.lastChild.classList.add(ODD.has(line.outcome) ? "odd" : isNew ? "state-name" : "quiet");
  }

  function cells(row, at_ms, sequence, instance, event, became) {
    const texts = [
      ["number", moment(at_ms)],
      ["number sequence", `#${sequence}`],
      ["who", instance],
      ["what", event],
      ["became", became],
    ];
    row.append(...texts.map(([name, text]) => element("span", { class: `cell ${name}`, text, title: text })));
  }

  function choose(position, event) {
    const index = lineOf(position);
    const { recording } = room;
    const line = recording.run.lines[index];
    if (event.shiftKey) {
      const start = room.span && room.span.anchor !== undefined ? room.span.anchor : Math.max(0, recording.index);
      room.span = [Math.min(start, index), Math.max(start, index)];
      room.span.anchor = start;
    } else if (event.type === "click") {
      room.span = undefined;
    }
    if (line?.instance && event.type === "click" && !event.shiftKey && !room.isOnlyInstance) {
      room.select(line.instance.split("[")[0], line.instance);
    }
    room.show(index, false);
  }

  return { element: panel, update };
}
