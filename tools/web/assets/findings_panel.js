// Findings of the compiler, each with the lines of the file.

import { button, counted, element, fill } from "./dom.js";

const drawn = new WeakMap();

/** Fills an element with findings; `point` is called when one is chosen. */
export function findingList(place, findings, point) {
  const key = JSON.stringify(findings.map((finding) => finding.text));
  if (drawn.get(place) === key) return;
  drawn.set(place, key);
  fill(place, ...findings.map((finding) => one(finding, point)));
}

function one(finding, point) {
  const where = `${finding.path}:${finding.line}`;
  const head = element(
    "p",
    { class: "finding-head" },
    element("strong", { text: `${finding.severity} ${finding.code}` }),
    " ",
    button(where, () => point(finding), { class: "link" }),
  );
  const lines = element("pre", {
    role: "group",
    tabindex: "0",
    "aria-label": `${finding.severity} in ${where}`,
    text: finding.text.trimEnd(),
  });
  return element(
    "article",
    { class: `finding ${finding.severity}`, data: { code: finding.code, line: finding.line } },
    head,
    lines,
  );
}

/** @param {import("./room.js").Room} room */
export function findingsPanel(room) {
  const title = element("h2", {});
  const list = element("div", { class: "findings" });
  const more = element("p", { class: "quiet" });
  const panel = element("section", { class: "view" }, title, list, more);

  function update() {
    const { findings = [], more: rest = [] } = room.definitions ?? {};
    const errors = findings.filter((finding) => finding.severity === "error").length;
    title.textContent =
      findings.length === 0
        ? "No findings"
        : `${counted(errors, "error")}, ${counted(findings.length - errors, "warning")}`;
    findingList(list, findings, show);
    more.textContent = rest.join(" ");
  }

  /** Goes to the diagram of its file, if there is one. */
  function show(finding) {
    const automaton = room.definitions.automata.find((one) => one.path === finding.path);
    if (!automaton) return;
    room.select(automaton.name, automaton.key ? "" : automaton.name);
    room.look("diagram");
  }

  return { element: panel, update };
}
