// A picture of the outputs in the page: its elements by what they stand for.

import { element } from "./dom.js";

export class Picture {
  /**
   * @param {string} text     SVG
   * @param {Object} options
   * @param {string} options.label    for screen readers
   * @param {string} [options.prefix] put before each id, where two versions of a picture are on one page
   */
  constructor(text, { label, prefix }) {
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
    const root = parsed.documentElement;
    this.svg = document.importNode(root.nodeName === "svg" ? root : parsed.createElement("svg"), true);
    this.svg.removeAttribute("role");
    for (const style of this.svg.querySelectorAll("style, script")) style.remove();
    // The page around it has the name already, and tooltips stay.
    for (const one of this.svg.querySelectorAll(":scope > title, :scope > desc")) one.remove();
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", label);
    this.svg.setAttribute("focusable", "false");
    this.ids = new Map();
    for (const one of this.svg.querySelectorAll("[id]")) {
      this.ids.set(one.id, one);
      if (prefix) one.id = `${prefix}${one.id}`;
    }
    // The files that they lead to are not here.
    for (const link of this.svg.querySelectorAll("a")) link.removeAttribute("href");
    this.lines = new Map();
    for (const line of this.svg.querySelectorAll("[data-transitions]")) {
      for (const number of line.dataset.transitions.split(" ")) {
        const known = this.lines.get(Number(number)) ?? [];
        known.push(line);
        this.lines.set(Number(number), known);
      }
    }
    this.width = Number(this.svg.getAttribute("width")) || 400;
    this.height = Number(this.svg.getAttribute("height")) || 300;
    this.element = element("div", { class: "picture", tabindex: "0", role: "group", "aria-label": label });
    this.element.append(this.svg);
    this.marked = [];
  }

  /** Natural size, or as wide as there is room. */
  fit(isFitted) {
    this.element.classList.toggle("is-fitted", isFitted);
    this.svg.style.width = isFitted ? "100%" : `${this.width}px`;
    this.svg.style.maxWidth = `${this.width}px`;
    this.svg.style.height = "auto";
  }

  state(id) {
    return this.ids.get(id);
  }

  /** The lines and words of a transition. */
  transition(number, id) {
    const own = this.ids.get(id);
    return [...(this.lines.get(number) ?? []), ...(own ? [own] : [])];
  }

  mark(one, ...classes) {
    if (!one) return;
    one.classList.add(...classes);
    this.marked.push([one, classes]);
  }

  unmark() {
    for (const [one, classes] of this.marked) one.classList.remove(...classes);
    this.marked = [];
  }

  /** A small number at the upper right corner of an element. */
  badge(one, text, kind) {
    const box = one?.querySelector(":scope > .box") ?? one?.querySelector("text");
    if (!box || !this.svg.isConnected) return;
    const { x, y, width } = box.getBBox();
    const size = text.length * 6.6 + 8;
    const group = document.createElementNS("http://www.w3.org/2000/svg", "g");
    group.setAttribute("class", `badge ${kind}`);
    const rectangle = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const words = document.createElementNS("http://www.w3.org/2000/svg", "text");
    for (const [name, value] of Object.entries({ x: x + width - size + 4, y: y - 8, width: size, height: 15, rx: 7 })) {
      rectangle.setAttribute(name, value);
    }
    words.setAttribute("x", x + width - size + 8);
    words.setAttribute("y", y + 3);
    words.textContent = text;
    group.append(rectangle, words);
    one.append(group);
    this.badges = [...(this.badges ?? []), group];
  }

  unbadge() {
    for (const badge of this.badges ?? []) badge.remove();
    this.badges = [];
  }

  /** Scrolls so far that this can be seen, inside the picture and the view around it, and not the page. */
  reveal(one) {
    if (!one || !this.element.isConnected) return;
    const over = (low, high, from, to) =>
      low < from ? low - from - 16 : high > to ? Math.min(high - to + 16, low - from - 16) : 0;
    for (const place of [this.element, this.element.closest(".main")]) {
      if (!place) continue;
      const inner = one.getBoundingClientRect();
      const outer = place.getBoundingClientRect();
      place.scrollLeft += over(inner.left, inner.right, outer.left, outer.right);
      place.scrollTop += over(inner.top, inner.bottom, outer.top, outer.bottom);
    }
  }
}
