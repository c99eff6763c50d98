// The state graph: nodes in the order of their first visit, arcs between them, the current one lit.

import { edgeKey, outline, sight, visits } from "./graph.mjs";
import { count } from "./format.mjs";
import { element } from "./dom.mjs";

const SVG = "http://www.w3.org/2000/svg";
const NODE_PX = 104;
const GAP_PX = 40;
const NODE_HEIGHT_PX = 24;
const RISE_PX = 15; // of an arc over each further node that it passes
const LEAST_RISE_PX = 20;
const MOST_RISE_PX = 60;

/**
 * Return a state graph; `choose` is called with the step of the latest visit of a clicked node.
 * @param {(place: number) => void} choose
 */
export function stateGraph(choose) {
  const field = element("div", { class: "field" });
  const words = element("div", { class: "words" });
  const root = element("section", { class: "graph", "aria-label": "States visited" }, field, words);
  /** @type {import("./graph.mjs").Visit[]} */
  let told = [];
  let drawn = { nodes: new Map(), arcs: new Map() };

  return {
    root,
    /** @param {import("./model.mjs").Session} session */
    show(session) {
      told = visits(session.steps);
      const shape = outline(told);
      root.hidden = shape.names.length < 2;
      if (root.hidden) return;
      drawn = paint(field, shape, (name) => choose(latest(told, name)));
      words.dataset.left = shape.left ? `${count(shape.left)} more states are not drawn` : "";
    },
    /** @param {number} place */
    point(place) {
      if (root.hidden) return;
      const now = sight(told, place);
      light(drawn, now, field);
      words.textContent = [sentence(now.last), words.dataset.left].filter(Boolean).join("  ·  ");
    },
  };
}

/** Return the step of the last visit of a state. */
function latest(told, name) {
  return told.findLast((visit) => visit.name === name || visit.from === name).place;
}

/** Return a transition in words. */
function sentence(visit) {
  if (!visit) return "";
  const change = visit.from === null ? visit.name : `${visit.from} → ${visit.name}`;
  return visit.reason ? `${change}: ${visit.reason}` : change;
}

/** Light what was visited and the current state, and count the transitions. */
function light({ nodes, arcs }, now, field) {
  for (const [name, node] of nodes) {
    node.classList.toggle("seen", now.seen.has(name));
    if (name === now.current) node.setAttribute("aria-current", "step");
    else node.removeAttribute("aria-current");
  }
  const taken = now.last && now.last.from !== null ? edgeKey(now.last.from, now.last.name) : null;
  for (const [key, { path, label }] of arcs) {
    const times = now.counts.get(key) ?? 0;
    path.classList.toggle("seen", times > 0);
    path.classList.toggle("taken", key === taken);
    label.textContent = times ? String(times) : "";
  }
  const lit = nodes.get(now.current);
  if (lit) field.scrollLeft = lit.offsetLeft + NODE_PX / 2 - field.clientWidth / 2;
}

/** Draw nodes and arcs; return them by name and key. */
function paint(field, { names, edges }, choose) {
  const rise = { over: highest(edges, true), under: highest(edges, false) };
  const middle = rise.over + NODE_HEIGHT_PX / 2;
  const size = { width: names.length * (NODE_PX + GAP_PX) - GAP_PX, height: middle * 2 - rise.over + rise.under };
  const sheet = shape("svg", { width: size.width, height: size.height, "aria-hidden": "true" });
  const stage = element("div", { class: "stage" });
  Object.assign(stage.style, { width: `${size.width}px`, height: `${size.height}px` });
  const arcs = new Map([...edges].map(([key, edge]) => [key, arc(sheet, edge, middle)]));
  const nodes = new Map(names.map((name, i) => [name, node(name, i, middle, choose)]));
  stage.append(sheet, ...nodes.values());
  field.replaceChildren(stage);
  return { nodes, arcs };
}

/** Return how far the arcs on one side of the nodes reach, their counts included. */
function highest(edges, over) {
  const rises = [...edges.values()].filter((edge) => edge.to > edge.from === over && !neighbours(edge)).map(rising);
  return Math.max(8, ...rises.map((px) => px * 0.75 + 8));
}

const neighbours = ({ from, to }) => to === from + 1;
const rising = ({ from, to }) => Math.min(MOST_RISE_PX, LEAST_RISE_PX + RISE_PX * Math.abs(to - from));

/** Return a state as a button. */
function node(name, i, middle, choose) {
  const made = element("button", { type: "button", title: name }, name);
  made.style.left = `${i * (NODE_PX + GAP_PX)}px`;
  made.style.top = `${middle - NODE_HEIGHT_PX / 2}px`;
  made.addEventListener("click", () => choose(name));
  return made;
}

/** Draw a transition: straight to the next state, over others when on, under them when back. */
function arc(sheet, edge, middle) {
  const [x1, x2] = [centre(edge.from), centre(edge.to)];
  const on = edge.to > edge.from;
  const y = middle + (on ? -1 : 1) * (NODE_HEIGHT_PX / 2);
  const bend = y + (on ? -1 : 1) * rising(edge);
  const straight = `M ${x1 + NODE_PX / 2} ${middle} H ${x2 - NODE_PX / 2 - 4}`;
  const loop = edge.from === edge.to ? 16 : 0;
  const curve = `M ${x1 + (on ? 8 : -8) + loop} ${y} C ${x1 + loop} ${bend} ${x2 - loop} ${bend} ${x2 + (on ? -8 : 8) - loop} ${y}`;
  const path = shape("path", { d: neighbours(edge) ? straight : curve });
  const at = neighbours(edge) ? [(x1 + x2) / 2, middle - 4] : [(x1 + x2) / 2, y + (bend - y) * 0.75 + (on ? -2 : 9)];
  const label = shape("text", { x: at[0], y: at[1], "text-anchor": "middle" });
  sheet.append(path, label);
  return { path, label };
}

const centre = (i) => i * (NODE_PX + GAP_PX) + NODE_PX / 2;

/** Return a new element of SVG. */
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
