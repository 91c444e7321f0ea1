// A list of which only the rows that can be seen are in the page, so that it may be of any length.
//
// Browsers bound the height of an element, so beyond MOST_PIXELS the scroll bar stands for more than one row a step.

import { element } from "./dom.js";

const MOST_PIXELS = 8_000_000;

/** Rows above and below what can be seen. */
const MORE = 6;

export class VirtualList {
  /**
   * @param {Object} options
   * @param {string} options.label        for screen readers
   * @param {number} options.height       of a row, in pixels
   * @param {(position: number, row: HTMLElement) => void} options.draw   fills a row
   * @param {(position: number, event: Event) => void} options.choose     a row was clicked, or reached by a key
   */
  constructor({ label, height, draw, choose }) {
    this.rowHeight = height;
    this.draw = draw;
    this.choose = choose;
    this.count = 0;
    this.current = -1;
    this.rows = new Map();
    this.space = element("div", { class: "list-space", role: "presentation" });
    this.element = element(
      "div",
      { class: "list", role: "listbox", tabindex: "0", "aria-label": label, on: { scroll: () => this.show() } },
      this.space,
    );
    this.element.addEventListener("click", (event) => {
      const row = event.target.closest("[data-position]");
      if (row) this.choose(Number(row.dataset.position), event);
    });
    this.element.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.show()).observe(this.element);
  }

  /** Draws again, with so many rows, of which one is the current one (-1: none). */
  update(count, current, isMoved) {
    this.count = count;
    this.current = current;
    this.space.style.height = `${Math.min(count * this.rowHeight, MOST_PIXELS)}px`;
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    if (isMoved && current >= 0) this.reveal(current);
    this.show();
  }

  /** Pixels of the scroll bar for each pixel of rows. */
  get scale() {
    const whole = this.count * this.rowHeight;
    return whole > MOST_PIXELS ? (MOST_PIXELS - this.element.clientHeight) / (whole - this.element.clientHeight) : 1;
  }

  reveal(position) {
    const { clientHeight, scrollTop } = this.element;
    const top = position * this.rowHeight;
    const seen = scrollTop / this.scale;
    if (top < seen) this.element.scrollTop = top * this.scale;
    else if (top + this.rowHeight > seen + clientHeight) {
      this.element.scrollTop = (top + this.rowHeight - clientHeight) * this.scale;
    }
  }

  show() {
    const { clientHeight, scrollTop } = this.element;
    const seen = scrollTop / this.scale;
    const first = Math.max(0, Math.floor(seen / this.rowHeight) - MORE);
    const last = Math.min(this.count - 1, Math.ceil((seen + clientHeight) / this.rowHeight) + MORE);
    for (const [position, row] of this.rows) {
      if (position >= first && position <= last) continue;
      row.remove();
      this.rows.delete(position);
    }
    for (let position = first; position <= last; position += 1) {
      let row = this.rows.get(position);
      if (!row) {
        row = element("div", { class: "list-row", role: "option", data: { position } });
        row.id = `${this.id}-${position}`;
        row.setAttribute("aria-setsize", this.count);
        row.setAttribute("aria-posinset", position + 1);
        this.draw(position, row);
        this.rows.set(position, row);
        this.space.append(row);
      }
      row.setAttribute("aria-selected", position === this.current);
      row.classList.toggle("is-current", position === this.current);
      row.style.transform = `translateY(${position * this.rowHeight - seen + scrollTop}px)`;
    }
    const active = this.rows.get(this.current);
    if (active) this.element.setAttribute("aria-activedescendant", active.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  id = `list-${(VirtualList.made = (VirtualList.made ?? 0) + 1)}`;

  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || this.count === 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(Math.min(this.count - 1, Math.max(0, this.current + step)), event);
  }
}
