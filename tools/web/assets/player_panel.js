// Pause, step back and forth, and go to any line.

import { button, element, moment } from "./dom.js";

/** @param {import("./room.js").Room} room */
export function playerPanel(room) {
  const first = button("⇤", () => room.show(-1), {
    "aria-label": "To the beginning",
    title: "To the beginning (Home)",
    data: { action: "first" },
  });
  const back = button("←", () => room.step(-1), {
    "aria-label": "One step back",
    title: "One step back (←)",
    data: { action: "back" },
  });
  const forth = button("→", () => room.step(1), {
    "aria-label": "One step forth",
    title: "One step forth (→)",
    data: { action: "forth" },
  });
  const last = button("⇥", () => room.follow(), {
    "aria-label": "To the end",
    title: "To the end (End)",
    data: { action: "last" },
  });
  const pause = button("Pause", () => (room.recording.isFollowing ? room.pause() : room.follow()), {
    data: { action: "pause" },
  });
  const slider = element("input", {
    type: "range",
    min: "0",
    value: 0,
    "aria-label": "Line of the recording",
    data: { part: "slider" },
  });
  const place = element("span", { class: "number place", data: { part: "place" } });
  const panel = element(
    "div",
    { class: "player", role: "group", "aria-label": "Steps" },
    first,
    back,
    forth,
    last,
    pause,
    slider,
    place,
  );
  slider.addEventListener("input", () => room.show(Number(slider.value) - 1, false));
  slider.addEventListener("change", () => room.announce());

  function update() {
    const { recording } = room;
    panel.hidden = !recording;
    if (!recording) return;
    const { run, index } = recording;
    slider.max = String(run.length);
    slider.value = String(index + 1);
    first.disabled = back.disabled = index < 0;
    forth.disabled = last.disabled = index >= run.length - 1;
    pause.hidden = recording.kind !== "live";
    pause.textContent = recording.isFollowing ? "Pause" : "Follow";
    const line = run.lines[index];
    const at_ms = line ? (line.at_ms ?? line.left_out?.at_ms ?? 0) : run.base.now_ms;
    const total = run.length.toLocaleString("en");
    const text = `${(index + 1).toLocaleString("en")} of ${total} · ${moment(at_ms)}`;
    slider.setAttribute("aria-valuetext", text);
    place.textContent = text;
    place.title = run.dropped > 0 ? `${run.dropped.toLocaleString("en")} older lines are no longer kept` : "";
  }

  return { element: panel, update };
}
