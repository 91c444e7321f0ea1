// Simulating by clicking: events that the selected instance accepts, answers of the host, and time.

import { button, element, fill, lengthOf, moment, shown } from "./dom.js";
import { keyText } from "./expression.js";
import { stateNamed } from "./follow.js";
import { Lines } from "./lines.js";
import { Run } from "./run.js";
import { Script, durationOf, valueOf } from "./script.js";

/** @param {import("./room.js").Room} room */
export function simulatePanel(room) {
  const panel = element("section", { class: "panel simulate", "aria-label": "Simulation", data: { part: "simulate" } });
  if (!room.source.simulate) {
    panel.hidden = true;
    return { element: panel, update() {} };
  }
  let script = new Script();
  let question;
  let problem = "";
  let isBusy = false;
  let isStale = true;
  let key = "";
  const message = element("p", { class: "odd", role: "alert" });
  const asked = element("div", { data: { part: "question" } });
  const events = element("div", { class: "events-list", data: { part: "accepted" } });
  const time = element("div", { class: "tools" });
  const answers = element(
    "details",
    { class: "answers" },
    element("summary", { text: "Answers of the host" }),
    element("div", {}),
  );
  const tools = element("div", { class: "tools" });
  fill(panel, element("h2", { text: "Simulation" }), message, asked, events, time, answers, tools);
  room.on("definitions", () => (isStale = true));

  const recording = () => room.recordings.get("simulation");

  /** Runs the whole script again. */
  async function run() {
    isBusy = true;
    isStale = false;
    try {
      const came = await room.source.simulate(script.text());
      take(came);
    } catch (error) {
      problem = `It cannot be simulated: ${error.message}`;
    }
    isBusy = false;
    key = "";
    room.draw();
    if (isStale) run();
  }

  function take(came) {
    const made = new Run(room.definitions);
    const lines = new Lines();
    for (const line of [...lines.take(came.trace), ...lines.finish()]) made.add(line);
    question = came.question && { ...came.question, line: came.line };
    problem = "";
    if (came.error && !question) {
      const { length } = script.steps;
      problem = came.error;
      // The last step was not done. One before it could be done by other definitions.
      if (came.line === length && script.undo()) problem = `Nothing was done: ${came.error}`;
      else if (came.line) problem = `Step ${came.line} of ${length} cannot be done: ${came.error}`;
    }
    room.simulated(made, "");
    room.announce();
    if (question) room.says.textContent = `Asked: ${question.question}`;
    const exists = made.at(made.length - 1).instances;
    const line = made.lines.at(-1);
    if (!exists.has(room.instance) && line?.instance?.startsWith(`${room.automaton}[`) && exists.has(line.instance))
      room.instance = line.instance;
  }

  function act(step) {
    if (isBusy || question) return;
    script.add(step);
    run();
  }

  function update() {
    const is = recording();
    panel.hidden = room.recording !== is;
    if (panel.hidden || !room.definitions) return;
    if (isStale && !isBusy) return void run();
    const { index, run: made } = is;
    const instance = made.at(made.length - 1).instances.get(room.instance);
    const now = [
      room.automaton,
      room.instance,
      instance?.state,
      made.length,
      question?.question,
      problem,
      room.definitions.model,
      script.steps.length,
      index === made.length - 1,
    ].join("\u0000");
    if (now === key) return;
    key = now;
    const again = focused();
    message.textContent = problem;
    message.hidden = problem === "";
    drawQuestion();
    drawEvents(instance, index === made.length - 1);
    drawTime(made);
    drawAnswers();
    drawTools(made);
    if (!question) again?.();
  }

  /** What gives the focus back to what had it, or to its neighbour, after all was drawn again. */
  function focused() {
    const { activeElement: active } = document;
    if (!panel.contains(active)) return undefined;
    const event = active.closest("form")?.dataset.event;
    const { action, part, condition } = active.dataset;
    const selector = event
      ? `form[data-event="${CSS.escape(event)}"] button`
      : action
        ? `[data-action="${action}"]`
        : part
          ? `[data-part="${part}"]`
          : condition
            ? `[data-condition="${CSS.escape(condition)}"]`
            : "[data-answer]";
    return () => (panel.querySelector(selector) ?? events.querySelector("button"))?.focus({ preventScroll: true });
  }

  function drawQuestion() {
    if (!question) return fill(asked);
    const automaton = room.automatonNamed(question.automaton);
    const condition = automaton?.conditions.find((one) => one.name === question.condition);
    const give = (value) => {
      script.answer(question.line, question.question, value);
      question = undefined;
      run();
    };
    const cancel = () => {
      question = undefined;
      if (!script.undo()) script.steps[0] = {};
      run();
    };
    const about = condition?.summary ? element("p", { class: "quiet", text: condition.summary }) : undefined;
    const isStart = question.line === 1;
    const stop = isStart ? undefined : button("Cancel", cancel, { data: { action: "cancel" } });
    const ways =
      condition?.type === "bool"
        ? [
            button("Yes", () => give(true), { data: { answer: "yes" } }),
            button("No", () => give(false), { data: { answer: "no" } }),
          ]
        : [form([{ name: "answer", type: condition?.type ?? "string" }], "Answer", (values) => give(values.answer))];
    fill(
      asked,
      element("p", { class: "asked" }, "Asked: ", element("strong", { text: question.question })),
      about,
      element("div", { class: "tools" }, ...ways, stop),
    );
    asked.querySelector("button, input, select")?.focus();
  }

  function drawEvents(instance, isNow) {
    const automaton = room.automatonNamed();
    if (!automaton || question) return fill(events);
    if (!isNow) {
      const back = button("Go on from the end", () => room.follow());
      return fill(events, element("p", { class: "quiet", text: "An earlier step is shown." }), back);
    }
    if (!instance) return fill(events, ...starting(automaton));
    const leaf = automaton.states[stateNamed(automaton, instance.state)];
    const rows = (leaf?.accepts ?? []).map(({ event, reactions }) => {
      const { name, fields, summary } = automaton.events[event];
      return row(name, fields, summary, reactions, (values) =>
        act({ instance: instance.name, event: name, fields: values }),
      );
    });
    const none = element("p", { class: "quiet", text: "It accepts no event from outside in this state." });
    fill(events, element("h3", { text: "Accepted here" }), ...(rows.length > 0 ? rows : [none]));
  }

  /** What makes an instance where there is none. */
  function starting(automaton) {
    const key = automaton.key
      ? element("input", { type: "text", value: keyShown(), "aria-label": automaton.key.name, data: { part: "key" } })
      : undefined;
    const name = () =>
      automaton.key
        ? `${automaton.name}[${keyText(valueOf(key.value, automaton.key.type, room.definitions.types))}]`
        : automaton.name;
    const go = (step) => {
      const instance = name();
      room.instance = instance;
      act({ instance, ...step });
    };
    const rows = automaton.events
      .filter((event) => event.starts)
      .map((event) =>
        row(event.name, event.fields, event.summary, ["makes the instance"], (values) =>
          go({ event: event.name, fields: values }),
        ),
      );
    if (automaton.events.every((event) => event.name !== "start")) {
      const places = automaton.parameters.map((one) => ({
        ...one,
        isLeft: one.initial !== null,
        hint: one.initial_text,
      }));
      rows.push(
        row("start", places, "Starts it, with parameters.", [], (values) => go({ event: "start", fields: values })),
      );
    }
    const label = key ? element("label", {}, `${automaton.key.name} `, key) : undefined;
    return [element("h3", { text: "Make an instance" }), label, ...rows];
  }

  function keyShown() {
    const automaton = room.automatonNamed();
    if (room.instance.startsWith(`${automaton.name}[`)) return room.instance.slice(automaton.name.length + 1, -1);
    return /^([ui]\d+|duration)$/.test(automaton.key.type) ? "1" : automaton.key.type === "string" ? "a" : "1";
  }

  function row(name, fields, summary, reactions, send) {
    const made = form(fields, name, send);
    made.querySelector("button").title = summary;
    made.dataset.event = name;
    const lines = reactions.map((text) => element("li", { text }));
    return element(
      "div",
      { class: "accepted" },
      made,
      lines.length > 0 ? element("ul", { class: "quiet" }, ...lines) : undefined,
    );
  }

  /** Inputs for typed fields, and a button. */
  function form(fields, text, send) {
    const inputs = fields.map((field) => [field, input(field)]);
    const wrong = element("span", { class: "odd", role: "alert" });
    const submit = (event) => {
      event?.preventDefault();
      wrong.textContent = "";
      const values = {};
      for (const [field, one] of inputs) {
        try {
          const typed = one.type === "checkbox" ? String(one.checked) : one.value;
          if (field.isLeft && typed === "") continue;
          values[field.name] = valueOf(typed, field.type, room.definitions.types);
        } catch (error) {
          wrong.textContent = `${field.name}: ${error.message}`;
          one.focus();
          return;
        }
      }
      send(values);
    };
    const made = element("form", { class: "fields", on: { submit } });
    const labels = inputs.map(([field, one]) => element("label", {}, `${field.name} `, one));
    // Without an action; the policy of the page allows no form to go anywhere.
    made.append(element("button", { type: "button", text, on: { click: submit } }), ...labels, wrong);
    return made;
  }

  function input(field) {
    const base = field.type.replace("?", "");
    const isOptional = field.type.endsWith("?") || field.isLeft;
    const variants = room.definitions.types.find((one) => one.name === base)?.variants ?? [];
    const data = { field: field.name };
    if (base === "bool" && !isOptional) return element("input", { type: "checkbox", data });
    if (base === "bool" || variants.length > 0) {
      const options = base === "bool" ? ["true", "false"] : variants;
      const none = isOptional ? [element("option", { value: "", text: field.hint || "none" })] : [];
      return element("select", { data }, ...none, ...options.map((text) => element("option", { value: text, text })));
    }
    const isNumber = /^[ui]\d+$/.test(base);
    const given = isOptional
      ? ""
      : isNumber
        ? "0"
        : base === "duration"
          ? "5s"
          : base === "string"
            ? ""
            : base === "bytes"
              ? ""
              : "1";
    return element("input", {
      type: isNumber ? "number" : "text",
      value: given,
      placeholder: field.hint || (isOptional ? "none" : field.type),
      size: "8",
      title: field.type,
      data,
    });
  }

  function drawTime(made) {
    if (question) return fill(time);
    const situation = made.at(made.length - 1);
    const last = script.steps.reduce((most, step) => Math.max(most, step.at_ms ?? 0), situation.now_ms);
    const due = [...situation.instances.values()].flatMap((one) =>
      [...one.timers.values()].map((timer) => timer.due_ms),
    );
    const next = due.length > 0 ? Math.min(...due) : undefined;
    const length = element("input", {
      type: "text",
      value: "1s",
      size: "6",
      "aria-label": "Length of time",
      data: { part: "length" },
    });
    const wait = () => {
      const length_ms = durationOf(length.value);
      if (length_ms === undefined)
        return (void length.setCustomValidity("500ms, 20s, 5min, 2h or 1d"), length.reportValidity());
      act({ at_ms: last + length_ms });
    };
    const toNext =
      next === undefined
        ? undefined
        : button(
            `To the next timer (${lengthOf(Math.max(0, next - last))})`,
            () => act({ at_ms: Math.max(next, last) }),
            { data: { action: "next-timer" } },
          );
    fill(
      time,
      element("span", { class: "number", text: moment(last) }),
      button("Wait", wait, { data: { action: "wait" } }),
      length,
      toNext,
    );
  }

  /** The conditions of the selected automaton, and other answers that were given. */
  function drawAnswers() {
    const known = script.answers();
    const automaton = room.automatonNamed();
    const own = (automaton?.conditions ?? []).map((condition) => [`${automaton.name}.${condition.name}`, condition]);
    const names = new Set(own.map(([name]) => name));
    const others = [...known.keys()]
      .filter((question) => !names.has(question))
      .map((question) => [question, conditionOf(question)]);
    const rows = [...own, ...others].map(([question, condition]) => answerRow(question, condition, known));
    const none = element("p", { class: "quiet", text: "It asks the host nothing." });
    fill(answers.lastChild, ...(rows.length > 0 ? rows : [none]));
    if (rows.length > 0)
      answers.lastChild.append(element("p", { class: "quiet", text: "A change holds from the next step on." }));
  }

  function conditionOf(question) {
    const [automaton, name] = question.split("(")[0].split(".");
    return room.automatonNamed(automaton)?.conditions.find((one) => one.name === name);
  }

  function answerRow(question, condition, known) {
    const value = known.get(question);
    const label = `${question}`;
    if (condition?.type === "bool") {
      const select = element(
        "select",
        { data: { condition: question } },
        ...[
          ["", "ask me"],
          ["true", "yes"],
          ["false", "no"],
        ].map(([of, text]) => element("option", { value: of, text, disabled: of === "" && value !== undefined })),
      );
      select.value = value === undefined ? "" : String(value);
      select.addEventListener("change", () => select.value && script.set(question, select.value === "true"));
      return element("label", { class: "answer", title: condition.summary }, element("span", { text: label }), select);
    }
    const one = element("input", {
      type: "text",
      value: value === undefined ? "" : shown(value),
      placeholder: condition?.type ?? "",
      size: "8",
      data: { condition: question },
    });
    one.addEventListener("change", () => {
      try {
        script.set(question, valueOf(one.value, condition?.type ?? "string", room.definitions.types));
        one.setCustomValidity("");
      } catch (error) {
        one.setCustomValidity(error.message);
        one.reportValidity();
      }
    });
    return element("label", { class: "answer", title: condition?.summary }, element("span", { text: label }), one);
  }

  function drawTools(made) {
    const undo = button("Undo", () => ((question = undefined), script.undo() && run()), {
      disabled: script.steps.length === 1,
      data: { action: "undo" },
    });
    const again = button("Start again", () => ((script = new Script()), (question = undefined), run()), {
      data: { action: "restart" },
    });
    const save = button("Save script", () => download("steps.jsonl", script.text()), {
      title: "For `automata simulate --script`",
      data: { action: "save-script" },
    });
    fill(tools, undo, again, save);
  }

  return { element: panel, update };
}

/** Hands a text to the user as a file. */
function download(name, text) {
  const url = URL.createObjectURL(new Blob([text]));
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
