// The timeline: every step as a bar on a canvas, and the playhead over it.

import { FAMILIES, failed, waits } from "./model.mjs";
import { LANE_PX, box, hit, lanes, span } from "./scale.mjs";
import { element } from "./dom.mjs";

const PAD_PX = 6;
const HATCH_PX = 4;

/**
 * Return a timeline; `choose` is called with the step that was clicked or dragged to.
 * @param {(place: number) => void} choose
 */
export function timeline(choose) {
  const bars = /** @type {HTMLCanvasElement} */ (element("canvas"));
  const head = element("div", { class: "playhead" });
  const root = element("div", { class: "timeline", role: "presentation" }, bars, head);
  let steps = [];
  let total = 1;

  const width = () => Math.max(1, root.clientWidth - 2 * PAD_PX);
  const pick = (press) => {
    const at = bars.getBoundingClientRect();
    choose(hit(steps, total, width(), press.clientX - at.left, press.clientY - at.top));
  };
  root.addEventListener("pointerdown", (press) => {
    root.setPointerCapture(press.pointerId);
    pick(press);
  });
  root.addEventListener("pointermove", (press) => press.buttons === 1 && pick(press));

  return {
    root,
    /** @param {import("./model.mjs").Session} session */
    show(session) {
      steps = session.steps;
      total = span(steps, session.duration);
      root.style.height = `${lanes(steps) * LANE_PX + 2 * PAD_PX}px`;
      this.draw();
    },
    draw() {
      paint(bars, steps, total, width(), lanes(steps) * LANE_PX);
    },
    /** @param {number} place */
    point(place) {
      const at = box(steps[place], total, width());
      head.style.transform = `translateX(${PAD_PX + at.x}px)`;
    },
  };
}

/** Paint all steps, in the colours the stylesheet gives their families. */
function paint(canvas, steps, total, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const ink = canvas.getContext("2d");
  const colour = colours(canvas);
  ink.scale(ratio, ratio);
  for (const step of steps) {
    const at = box(step, total, width);
    ink.fillStyle = colour(failed(step) ? "error" : (FAMILIES[step.kind] ?? "other"));
    if (waits(step)) hatch(ink, at);
    else ink.fillRect(at.x, at.y, at.width, at.height);
  }
}

/**
 * Return a look-up of the stylesheet's colours that asks for each of them once. The canvas itself
 * is asked, by its `color`: a bare variable would answer with the words `light-dark(…)`.
 */
function colours(canvas) {
  const known = new Map();
  return (family) => {
    if (!known.has(family)) {
      canvas.style.color = `var(--kind-${family})`;
      known.set(family, getComputedStyle(canvas).color);
    }
    return known.get(family);
  };
}

/** Hatch a box: waiting is not working. */
function hatch(ink, at) {
  for (let x = at.x; x < at.x + at.width; x += HATCH_PX) {
    ink.fillRect(x, at.y, Math.min(HATCH_PX / 2, at.x + at.width - x), at.height);
  }
}
