// Gives texts to Mermaid and tells what it made of them, for the tests of `tools/outputs/tests/real_programs`.
//
// Standard input: one JSON object, from a name to a text. Standard output: one JSON object, from each name to
// `{"error"}`, or to what a picture of it holds, read from the drawn SVG: `{"states", "lines", "boxes"}`. There is no browser: jsdom stands for one,
// which cannot measure texts, so they are given a size here. Places in the picture mean nothing then; what is drawn does.

import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!DOCTYPE html><body></body>", { pretendToBeVisual: true });
globalThis.window = window;
globalThis.document = window.document;
globalThis.CSSStyleSheet = class {
  cssRules = [];
  insertRule() {
    return 0;
  }
  replaceSync() {}
};
const size = (element) => ({ x: 0, y: 0, width: 8 * element.textContent.length + 10, height: 20 });
window.SVGElement.prototype.getBBox = function () {
  return size(this);
};
window.SVGElement.prototype.getComputedTextLength = function () {
  return size(this).width;
};
const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false });

const text = (element) => element.textContent.replace(/\s+/g, " ").trim();

async function drawn(name, source) {
  await mermaid.parse(source);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(source);
  const { nodes, edges } = db.getData();
  const isState = ({ shape }) => shape !== "note" && shape !== "noteGroup";
  const { svg } = await mermaid.render(name, source);
  document.body.innerHTML = svg;
  const labels = [...document.querySelectorAll(".edgeLabels .edgeLabel .label")];
  const shown = new Map(labels.map((label) => [label.getAttribute("data-id"), text(label)]));
  return {
    states: nodes.filter(isState).map(({ id }) => id),
    lines: edges.map(({ id, start, end }) => [start, end, shown.get(id) ?? null]),
    boxes: [...document.querySelectorAll(".nodes .node, .clusters .statediagram-cluster")].map(text),
  };
}

const answers = {};
let number = 0;
for (const [name, source] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  try {
    answers[name] = await drawn(`picture${number++}`, source);
  } catch (error) {
    answers[name] = { error: String(error?.stack ?? error) };
  }
}
process.stdout.write(JSON.stringify(answers));
