// Elements, made without markup: every text is a text.

/**
 * @param {string} tag
 * @param {Object} [properties]   `class`, `text`, `data` (an object), `on` (event → function); `hidden`, `disabled`,
 *   `checked` and `value` are set as properties, all else as attributes. What is undefined or false is left out
 * @param {...(Node|string|undefined)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else if (["hidden", "disabled", "checked", "value", "selected"].includes(name)) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of a picture, with attributes. */
export function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A button. */
export function button(text, click, properties = {}) {
  return element("button", { type: "button", text, ...properties, on: { click } });
}

/** Puts these in place of all children. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== undefined && child !== null));
}

/** A value of a record, for people. */
export function shown(value) {
  if (value === null) return "none";
  if (typeof value === "string") return value;
  if (typeof value === "object" && typeof value.length === "number" && "hash" in value)
    return `secret of ${value.length} bytes`;
  return JSON.stringify(value);
}

/** `patience = 5, who = Ada`. */
export function shownAll(values) {
  return Object.entries(values ?? {})
    .map(([name, value]) => `${name} = ${shown(value)}`)
    .join(", ");
}

/** `1:05.250`, `2:00:00.000`: a moment of the bus. */
export function moment(milliseconds) {
  const rest = Math.floor(milliseconds);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(rest / 3_600_000);
  const minutes = Math.floor(rest / 60_000) % 60;
  const seconds = `${two(Math.floor(rest / 1000) % 60)}.${String(rest % 1000).padStart(3, "0")}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

/** `250 ms`, `4.2 s`, `3 min 5 s`: a length of time. */
export function lengthOf(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** `1 finding`, `2 findings`. */
export function counted(count, what, many = `${what}s`) {
  return count === 1 ? `1 ${what}` : `${count.toLocaleString("en")} ${many}`;
}

/** Whether keys that are pressed there belong to what has the focus. */
export function takesKeys(target) {
  return (
    target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable], summary") !== null
  );
}
