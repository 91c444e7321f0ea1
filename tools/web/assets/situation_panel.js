// What the selected instance knows: state, variables, timers that run down; and the delivery that is shown.

import { element, fill, lengthOf, moment, shown, shownAll } from "./dom.js";
import { follow, outwards, stateNamed } from "./follow.js";

/** How often timers are drawn while they run, in milliseconds. */
const TICK_MS = 250;

/** @param {import("./room.js").Room} room */
export function situationPanel(room) {
  const head = element("div", { data: { part: "situation" } });
  const timers = element("div", { data: { part: "timers" } });
  const delivery = element("div", { data: { part: "delivery" } });
  const panel = element(
    "section",
    { class: "panel situation", "aria-label": "The selected instance" },
    head,
    timers,
    delivery,
  );
  let key = "";
  let ticking;

  function update() {
    const { recording, definitions } = room;
    const automaton = room.automatonNamed();
    if (!recording || !automaton) {
      key = "";
      return fill(panel);
    }
    const { run, index } = recording;
    const situation = run.at(index);
    const now_ms = situation.now_ms;
    const instance = situation.instances.get(room.instance);
    const now = [
      recording.kind,
      run.begun,
      index,
      run.dropped,
      run.length,
      room.automaton,
      room.instance,
      definitions.model,
    ].join("\u0000");
    if (now !== key) {
      key = now;
      fill(panel, head, timers, delivery);
      drawHead(automaton, instance);
      drawDelivery(run, index);
    }
    drawTimers(instance, recording, now_ms);
  }

  function drawHead(automaton, instance) {
    const name = element("h2", { text: room.instance || automaton.name });
    if (!instance) {
      const why = room.instance
        ? "It does not exist at this moment."
        : automaton.key
          ? `There is one for each ${automaton.key.name}. None is selected.`
          : "It has not started.";
      return fill(head, name, element("p", { class: "quiet", text: why }));
    }
    const path = outwards(automaton, stateNamed(automaton, instance.state))
      .reverse()
      .map((state) => automaton.states[state].name)
      .filter(Boolean);
    const state = element("p", { class: "state-path", data: { part: "state", state: instance.state } });
    path.forEach((one, at) =>
      state.append(at > 0 ? " / " : "", element(at === path.length - 1 ? "strong" : "span", { text: one })),
    );
    if (path.length === 0) state.append("its only state");
    const about = automaton.states[stateNamed(automaton, instance.state)]?.summary;
    fill(
      head,
      name,
      state,
      about ? element("p", { class: "quiet", text: about }) : undefined,
      table("Variables", automaton.variables, instance.variables),
      table("Parameters", automaton.parameters, instance.parameters),
    );
  }

  function table(title, declared, values) {
    if (values.size === 0) return undefined;
    const rows = [...values].map(([name, value]) => {
      const { summary, type } = declared.find((one) => one.name === name) ?? {};
      const text = type?.startsWith("duration") && typeof value === "number" ? lengthOf(value) : shown(value);
      return element(
        "tr",
        { title: summary || undefined },
        element("th", { scope: "row", text: name }),
        element("td", { text, data: { variable: name } }),
      );
    });
    return element("table", { class: "values" }, element("caption", { text: title }), element("tbody", {}, ...rows));
  }

  function drawTimers(instance, recording, now_ms) {
    clearTimeout(ticking);
    if (!instance || instance.timers.size === 0) return fill(timers);
    const isConnected = room.source.isConnected ?? true;
    const isRunning = recording.kind === "live" && recording.isFollowing && !recording.isComplete && isConnected;
    const passed = isRunning ? performance.now() - recording.arrived : 0;
    const rows = [...instance.timers]
      .sort((a, b) => a[1].due_ms - b[1].due_ms)
      .map(([label, timer]) => {
        const left = Math.max(0, timer.due_ms - now_ms - passed);
        const length = timer.interval_ms || left || 1;
        const bar = element("progress", { max: String(length), value: Math.min(left, length), "aria-label": label });
        return element(
          "li",
          {},
          element("span", { class: "timer-label", text: label }),
          element("span", { class: "number", text: lengthOf(left), title: `due at ${moment(timer.due_ms)}` }),
          bar,
        );
      });
    fill(timers, element("h3", { text: "Timers" }), element("ul", { class: "timers" }, ...rows));
    if (isRunning) ticking = setTimeout(() => room.draw(), TICK_MS);
  }

  function drawDelivery(run, index) {
    const line = run.lines[index];
    if (!line) return fill(delivery);
    if (line.left_out) {
      const { deliveries, source } = line.left_out;
      const text = `The trace leaves out ${deliveries} deliveries here${source ? `, by ${source}` : ""}.`;
      return fill(delivery, element("h3", { text: "Left out" }), element("p", { text }));
    }
    const automaton = room.automatonNamed(line.instance.split("[")[0]);
    const rows = [];
    const row = (name, text, isOdd) =>
      text && rows.push(element("dt", { text: name }), element("dd", { text, class: isOdd ? "odd" : undefined }));
    row("to", line.instance);
    row("event", `${line.event}${line.fields ? ` (${shownAll(line.fields)})` : ""}`);
    row(
      "outcome",
      line.outcome.replaceAll("_", " "),
      ["unexpected", "no_such_instance", "defer_full"].includes(line.outcome),
    );
    if (line.before !== line.after) row("state", `${line.before ?? "none"} → ${line.after ?? "none"}`);
    if (automaton) {
      const { before, after } = run.around(index);
      const followed = follow(automaton, before, line, after);
      const words = followed.transitions.map((number) => automaton.transitions[number].text);
      row(followed.isExact ? "did" : "probably did", words.join("; "));
    }
    row(
      "asked",
      (line.conditions ?? [])
        .map((ask) => `${ask.ask}${ask.arguments ? `(${shownAll(ask.arguments)})` : ""}: ${shown(ask.answer)}`)
        .join("; "),
    );
    row(
      "set",
      Object.entries(line.variables ?? {})
        .map(([name, [was, is]]) => `${name}: ${was === null ? "" : `${shown(was)} → `}${shown(is)}`)
        .join("; "),
    );
    row("actions", (line.actions ?? []).map((one) => `${one.action}(${shownAll(one.arguments)})`).join("; "));
    row(
      "sends",
      (line.sends ?? [])
        .map((one) => `${one.to}.${one.event}${one.fields ? `(${shownAll(one.fields)})` : ""}`)
        .join("; "),
    );
    row("raised", (line.raised ?? []).map((one) => `${one.event}: ${one.outcome}`).join("; "));
    row("faults", (line.faults ?? []).map((one) => String(one).replaceAll("_", " ")).join("; "), true);
    row("violates", (line.violated ?? []).join("; "), true);
    if (line.cause !== undefined) row("caused by", `#${line.cause}`);
    fill(
      delivery,
      element("h3", { text: `Delivery #${line.sequence}, at ${moment(line.at_ms)}` }),
      element("dl", { class: "delivery" }, ...rows),
    );
  }

  return { element: panel, update };
}
