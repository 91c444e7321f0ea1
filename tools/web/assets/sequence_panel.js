// The sequence of a span: lifelines from left to right, time from the top down.

import { button, element, fill, moment, shape } from "./dom.js";
import { DELIVERIES_LIMIT, LIFELINES_LIMIT, sequenceOf } from "./sequence.js";

const ROW = 26;
const HEAD = 30;
const TIMES = 140;
const ROOM = 12;
const LOOP = 26;

/** Deliveries before the one that is shown, where no span is selected. */
const BEFORE = 25;

const TONES = { event: "event", observation: "observation", start: "always", timer: "timer", action: "effect" };

const measure = document.createElement("canvas").getContext("2d");

function widthOf(text, size, isBold) {
  measure.font = `${isBold ? "700 " : ""}${size}px Helvetica, Arial, "Liberation Sans", sans-serif`;
  return measure.measureText(text).width;
}

/** @param {import("./room.js").Room} room */
export function sequencePanel(room) {
  const number = (label, part) =>
    element("input", { type: "number", min: "1", step: "1", "aria-label": label, data: { part } });
  const from = number("First line", "sequence-from");
  const to = number("Last line", "sequence-to");
  const clear = button("Around the current line", () => ((room.span = undefined), room.draw()), {
    data: { action: "sequence-around" },
  });
  const about = element("p", { class: "about", data: { part: "sequence-about" } });
  const place = element("div", {
    class: "picture picture-place",
    tabindex: "0",
    role: "group",
    "aria-label": "Sequence",
    data: { part: "sequence" },
  });
  const tools = element(
    "div",
    { class: "tools" },
    element("label", {}, "Lines ", from),
    element("label", {}, "to ", to),
    clear,
  );
  const panel = element(
    "section",
    { class: "view sequence" },
    element("div", { class: "title" }, element("h2", { text: "Sequence" }), tools),
    about,
    place,
  );
  let key = "";
  for (const one of [from, to]) {
    one.addEventListener("change", () => {
      const [first, last] = [Number(from.value) - 1, Number(to.value) - 1];
      if (Number.isInteger(first) && Number.isInteger(last)) room.span = [Math.min(first, last), Math.max(first, last)];
      room.draw();
    });
  }

  function update() {
    const { recording } = room;
    if (room.view !== "sequence") return;
    if (!recording || recording.run.length === 0) {
      about.textContent = "Nothing is recorded yet.";
      key = "";
      return fill(place);
    }
    const { run, index } = recording;
    const last = run.length - 1;
    const clamp = (at) => Math.max(0, Math.min(at, last));
    const span = room.span ? [clamp(room.span[0]), clamp(room.span[1])] : [clamp(index - BEFORE), clamp(index)];
    const now = [recording.kind, run.begun, run.dropped, run.length > span[1], ...span, index, room.definitions?.model].join();
    if (now === key) return;
    key = now;
    from.max = to.max = String(run.length);
    from.value = String(span[0] + 1);
    to.value = String(span[1] + 1);
    const sequence = sequenceOf(run, span[0], span[1]);
    const how = room.span
      ? "the selected span"
      : "the lines up to the one that is shown; with Shift, select another span in the list";
    const cut = ` At most ${DELIVERIES_LIMIT} deliveries and ${LIFELINES_LIMIT} lifelines can be read: the rest is left out.`;
    about.textContent = `${how[0].toUpperCase()}${how.slice(1)}.${sequence.isCut ? cut : ""}`;
    fill(place, picture(sequence, index));
  }

  function picture({ lifelines, rows }, current) {
    const columns = columnsOf(lifelines, rows);
    const bottom = HEAD + 16 + rows.length * ROW + 10;
    const edge = rows.reduce(
      (most, row) => Math.max(most, beyond(row, columns)),
      columns.at(-1) + widthOf(lifelines.at(-1)?.name ?? "", 14, true) / 2 + ROOM,
    );
    const width = Math.ceil(edge + ROOM);
    const svg = shape("svg", {
      class: "automaton drawn-sequence",
      viewBox: `0 0 ${width} ${bottom}`,
      width,
      height: bottom,
      role: "img",
      "aria-label": `Sequence of ${rows.length} rows between ${lifelines.length} lifelines`,
    });
    lifelines.forEach((lifeline, at) => {
      svg.append(shape("path", { class: "lifeline", d: `M${columns[at]} ${HEAD}V${bottom}` }));
      svg.append(box(lifeline.isPart ? "part" : "instance", lifeline.name, "name", 14, true, columns[at], 0, HEAD));
    });
    let before;
    rows.forEach((row, at) => {
      const level = HEAD + 10 + at * ROW;
      const isNew = row.index !== before;
      before = row.index;
      const group = shape("g", { class: row.index === current ? "row is-current" : "row" });
      if (isNew)
        group.append(
          text(`${moment(row.at_ms)}`, 4, level + ROW - 8, "detail-text quiet"),
          text(`#${row.sequence}`, 84, level + ROW - 8, "detail-text quiet"),
        );
      group.append(
        row.of !== undefined
          ? box(row.kind, row.text, "detail-text", 12, false, columns[row.of], level + 3, 20)
          : arrow(row, columns, level),
      );
      group.addEventListener(
        "click",
        () => ((room.span = room.span ?? [rows[0].index, rows.at(-1).index]), room.show(row.index)),
      );
      svg.append(group);
    });
    return svg;
  }

  return { element: panel, update };
}

function text(words, x, y, name) {
  const made = shape("text", { class: name, x, y });
  made.textContent = words;
  return made;
}

function box(name, words, kind, size, isBold, middle, top, height) {
  const width = widthOf(words, size, isBold) + 2 * ROOM;
  const rectangle = shape("rect", { class: "box", x: middle - width / 2, y: top, width, height, rx: 5 });
  return shape(
    "g",
    { class: name },
    rectangle,
    text(words, middle - width / 2 + ROOM, top + height / 2 + size * 0.35, kind),
  );
}

function arrow(row, columns, level) {
  const [start, end] = [columns[row.from], columns[row.to]];
  const group = shape("g", {
    class:
      row.kind === "observation" ? "transition observes" : row.kind === "start" ? "transition starts" : "transition",
  });
  const width = widthOf(row.label, 12, false);
  let left = (start + end - width) / 2;
  if (row.from === row.to) {
    const out = start + LOOP - 8;
    group.append(shape("path", { class: "line", d: `M${start} ${level + 6}H${out}V${level + ROW - 5}H${start + 6}` }));
    group.append(head(start, level + ROW - 5, -1));
    left = start + LOOP;
  } else {
    const way = Math.sign(end - start);
    group.append(shape("path", { class: "line", d: `M${start} ${level + ROW - 5}H${end - way * 6}` }));
    group.append(head(end, level + ROW - 5, way));
    group.append(shape("rect", { class: "behind", x: left - 2, y: level + 3, width: width + 4, height: 14 }));
  }
  group.append(text(row.label, left, level + ROW / 2 + 2, `label-text ${TONES[row.kind]}`));
  return group;
}

function head(x, y, way) {
  return shape("path", {
    class: "arrow",
    d: `M${x} ${y}L${x - way * 9} ${y - 4.2}L${x - way * 7} ${y}L${x - way * 9} ${y + 4.2}Z`,
  });
}

/** Where the lifelines stand: each as near to the one before as the texts between them allow. */
function columnsOf(lifelines, rows) {
  const half = (at) => widthOf(lifelines[at].name, 14, true) / 2 + ROOM;
  const needs = lifelines.slice(1).map((_, at) => [at, at + 1, half(at) + half(at + 1) + ROOM]);
  let first = TIMES + (lifelines.length > 0 ? half(0) : 0);
  for (const row of rows) {
    if (row.of !== undefined) {
      const room = widthOf(row.text, 12, false) / 2 + 2 * ROOM;
      needs.push([row.of, row.of + 1, room]);
      if (row.of > 0) needs.push([row.of - 1, row.of, room]);
      else first = Math.max(first, TIMES + room);
    } else if (row.from === row.to) {
      needs.push([row.from, row.from + 1, LOOP + widthOf(row.label, 12, false) + 2 * ROOM]);
    } else {
      needs.push([
        Math.min(row.from, row.to),
        Math.max(row.from, row.to),
        widthOf(row.label, 12, false) + 2 * ROOM + 10,
      ]);
    }
  }
  const columns = [first];
  for (let at = 1; at < lifelines.length; at += 1) {
    const least = needs.filter(([, to]) => to === at).map(([from, , need]) => columns[from] + need);
    columns.push(Math.ceil(Math.max(columns[at - 1], ...least)));
  }
  return columns;
}

function beyond(row, columns) {
  if (row.of !== undefined) return columns[row.of] + widthOf(row.text, 12, false) / 2 + ROOM;
  return row.from === row.to ? columns[row.from] + LOOP + widthOf(row.label, 12, false) : 0;
}
