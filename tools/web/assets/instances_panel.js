// The list of automata, and of each its instances.

import { button, counted, element, fill } from "./dom.js";

/** Instances of one automaton that are listed; a filter finds the others. */
const LISTED = 200;

/** Between two drawings while lines come, in milliseconds. */
const PAUSE_MS = 150;

/** @param {import("./room.js").Room} room */
export function instancesPanel(room) {
  const filter = element("input", {
    type: "search",
    placeholder: "Filter",
    "aria-label": "Filter automata and instances",
    data: { part: "filter" },
  });
  const list = element("ul", { class: "automata", data: { part: "automata" } });
  const folded = element(
    "details",
    { open: true },
    element("summary", {}, element("h2", { text: "Automata" })),
    filter,
    list,
  );
  const panel = element("nav", { class: "panel instances", "aria-label": "Automata" }, folded);
  // On a phone it would fill the page.
  if (window.matchMedia("(max-width: 700px)").matches) folded.open = false;
  const opened = new Set();
  let drawn = { what: "", when: "", at: 0 };
  filter.addEventListener("input", () => room.draw());

  function update() {
    const { recording, definitions } = room;
    if (!definitions) return;
    const words = filter.value.trim().toLowerCase();
    const instances = recording ? recording.run.at(recording.index).instances : new Map();
    const run = recording?.run;
    const what = [
      recording?.kind,
      words,
      room.automaton,
      room.instance,
      definitions.model,
      definitions.old?.join(),
    ].join("\u0000");
    const when = [run?.begun, recording?.index, run?.dropped, run?.lines[0]?.sequence, run?.length > 0].join();
    if (what === drawn.what && when === drawn.when) return;
    // A list that changes many times a second helps nobody.
    const since = performance.now() - drawn.at;
    if (what === drawn.what && recording?.isFollowing && since < PAUSE_MS) {
      setTimeout(() => room.draw(), PAUSE_MS - since);
      return;
    }
    drawn = { what, when, at: performance.now() };
    draw(definitions, instances, words);
  }

  function draw(definitions, instances, words) {
    const of = new Map(definitions.automata.map((automaton) => [automaton.name, []]));
    for (const instance of instances.values()) of.get(instance.automaton)?.push(instance);
    const focused = document.activeElement?.dataset?.name;
    const items = definitions.automata.flatMap((automaton) => {
      const own = of.get(automaton.name);
      const isNamed = automaton.name.toLowerCase().includes(words);
      const fits =
        words === "" || isNamed ? own : own.filter((one) => `${one.name} ${one.state}`.toLowerCase().includes(words));
      return words !== "" && !isNamed && fits.length === 0 ? [] : [item(automaton, own, fits, words, definitions)];
    });
    fill(list, ...items);
    if (items.length === 0) fill(list, element("li", { class: "quiet", text: "Nothing has that in its name." }));
    if (focused) list.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  }

  function item(automaton, own, fits, words, definitions) {
    const is = automaton.name === room.automaton;
    const isOld = definitions.old?.includes(automaton.name);
    const count = automaton.key ? String(own.length) : "";
    const state = automaton.key ? "" : (own[0]?.state ?? "");
    const select = () => {
      const only = automaton.key ? (is ? room.instance : (own[0]?.name ?? "")) : automaton.name;
      if (automaton.key && is && !opened.delete(automaton.name)) opened.add(automaton.name);
      drawn.what = "";
      room.select(automaton.name, only);
    };
    const row = button("", select, {
      class: "automaton-row",
      title: automaton.summary,
      "aria-current": is ? "true" : undefined,
      data: { name: automaton.name, automaton: automaton.name },
    });
    row.append(
      element("span", { class: "automaton-name", text: automaton.name }),
      element("span", { class: "quiet", text: isOld ? "old" : state || count }),
    );
    const isOpen =
      automaton.key &&
      fits.length > 0 &&
      (is !== opened.has(automaton.name) || (words !== "" && !automaton.name.includes(words)));
    if (automaton.key) row.setAttribute("aria-expanded", String(Boolean(isOpen)));
    const rows = isOpen ? fits.slice(0, LISTED).map((instance) => instanceRow(automaton, instance)) : [];
    const more =
      isOpen && fits.length > LISTED
        ? element("li", {
            class: "quiet",
            text: `and ${counted(fits.length - LISTED, "more instance")}: filter to see them`,
          })
        : undefined;
    return element("li", {}, row, rows.length > 0 ? element("ul", {}, ...rows, more) : undefined);
  }

  function instanceRow(automaton, instance) {
    const is = instance.name === room.instance;
    const row = button("", () => room.select(automaton.name, instance.name), {
      class: "instance-row",
      "aria-current": is ? "true" : undefined,
      title: instance.name,
      data: { name: instance.name, instance: instance.name },
    });
    row.append(
      element("span", { class: "instance-key", text: instance.name.slice(automaton.name.length) }),
      element("span", { class: "state-name", text: instance.state }),
    );
    return element("li", {}, row);
  }

  return { element: panel, update };
}
