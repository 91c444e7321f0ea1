// Two versions of an automaton side by side, what changed in colour.

import { button, counted, element, fill } from "./dom.js";
import { difference, differs } from "./difference.js";
import { Picture } from "./picture.js";

/** @param {import("./room.js").Room} room */
export function comparePanel(room) {
  const { source } = room;
  const choices = [["opened", "as it was when this page was opened"]];
  if (source.against) choices.push(["against", source.againstName ?? "the other version"]);
  const select = element(
    "select",
    { "aria-label": "Compare with", data: { action: "compare-with" } },
    ...choices.map(([value, text]) => element("option", { value, text })),
  );
  const again = button("Read again", () => load(), { data: { action: "compare-again" } });
  if (source.against) select.value = "against";
  const tools = element("div", { class: "tools" }, element("label", {}, "Compare with the version ", select), again);
  const about = element("p", { class: "about", data: { part: "compare-about" } });
  const others = element("p", { class: "quiet others" });
  const list = element("ul", { class: "changes", tabindex: "0", "aria-label": "Changes", data: { part: "changes" } });
  const left = element("div", { class: "picture-place" });
  const right = element("div", { class: "picture-place" });
  const sides = element(
    "div",
    { class: "sides", data: { part: "compare" } },
    element("figure", {}, element("figcaption", { text: "Before" }), left),
    element("figure", {}, element("figcaption", { text: "Now" }), right),
  );
  const legend = element(
    "p",
    { class: "legend" },
    ...["added", "removed", "changed"].map((kind) => element("span", { class: `key ${kind}`, text: kind })),
  );
  const panel = element(
    "section",
    { class: "view compare" },
    element("div", { class: "title" }, element("h2", { text: "Compare" }), tools),
    about,
    others,
    legend,
    list,
    sides,
  );
  let against;
  let isAsked = false;
  let drawn = [];
  select.addEventListener("change", () => ((isAsked = false), room.draw()));
  room.on("definitions", () => (isAsked = false));

  async function load() {
    isAsked = true;
    if (select.value !== "against") return room.draw();
    try {
      against = await source.against();
      about.dataset.problem = "";
    } catch (error) {
      against = undefined;
      about.dataset.problem = error.message;
    }
    room.draw();
  }

  function update() {
    if (room.view !== "compare" || !room.definitions) return;
    if (!isAsked) return void load();
    again.hidden = select.value !== "against";
    const base = select.value === "against" ? against : room.opened;
    const problem = select.value === "against" ? about.dataset.problem : "";
    const now = room.automatonNamed();
    const before = base?.automata.find((automaton) => automaton.name === room.automaton);
    if (drawn[0] === before && drawn[1] === now && drawn[2] === problem && drawn[3] === base) return;
    drawn = [before, now, problem, base];
    if (problem || !base) {
      about.textContent = problem ? `It cannot be read: ${problem}` : "";
      return fill(sides);
    }
    draw(before, now);
    tellOthers(base);
  }

  function draw(before, now) {
    const changes = difference(before, now);
    const count = changes.list.length;
    about.textContent = !before
      ? `${room.automaton} is new.`
      : !now
        ? `${room.automaton} is gone.`
        : count === 0
          ? `${room.automaton} is the same in both.`
          : `${room.automaton}: ${counted(count, "change")}.`;
    fill(
      list,
      ...changes.list.map(({ kind, text }) =>
        element("li", { class: kind }, element("strong", { text: kind }), ` ${text}`),
      ),
    );
    fill(
      sides,
      ...[
        ["Before", before, changes.before, "before-"],
        ["Now", now, changes.after, "now-"],
      ].map((one) => side(...one)),
    );
  }

  function side(title, automaton, marks, prefix) {
    const caption = element("figcaption", { text: title });
    if (!automaton) return element("figure", {}, caption, element("p", { class: "quiet", text: "It is not there." }));
    const picture = new Picture(automaton.picture, { label: `${title}: ${automaton.name}`, prefix });
    picture.fit(true);
    for (const [index, kind] of marks.states) {
      if (index > 0) picture.mark(picture.state(automaton.states[index].id), `is-${kind}`);
    }
    for (const [index, kind] of marks.transitions) {
      for (const one of picture.transition(index, automaton.transitions[index].id)) picture.mark(one, `is-${kind}`);
    }
    return element("figure", {}, caption, element("div", { class: "picture-place" }, picture.element));
  }

  /** Which other automata differ, so that nobody has to look at each. */
  function tellOthers(base) {
    const names = new Set([...base.automata, ...room.definitions.automata].map((automaton) => automaton.name));
    const of = (definitions, name) => definitions.automata.find((automaton) => automaton.name === name);
    const changed = [...names].filter(
      (name) => name !== room.automaton && differs(of(base, name), of(room.definitions, name)),
    );
    const links = changed.map((name) =>
      button(name, () => room.select(name, room.automatonNamed(name)?.key ? "" : name), { class: "link" }),
    );
    fill(
      others,
      changed.length === 0 ? "No other automaton differs." : "Others that differ: ",
      ...links.flatMap((link, at) => (at > 0 ? [", ", link] : [link])),
    );
  }

  return { element: panel, update };
}
