// Steps onto a canvas, in the colours the stylesheet gives their families.

import { FAMILIES, failed, waits } from "./model.mjs";
import { box, outside } from "./scale.mjs";

const HATCH_PX = 4;

/**
 * Paint all steps that lie on the axis.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./model.mjs").Step[]} steps
 * @param {import("./scale.mjs").Axis} axis
 * @param {number} width in pixels
 * @param {number} height of all lanes
 * @param {number} squeeze how much lower the canvas is than its lanes
 */
export function paint(canvas, steps, axis, width, height, squeeze = 1) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * squeeze * ratio;
  Object.assign(canvas.style, { width: `${width}px`, height: `${height * squeeze}px` });
  const ink = canvas.getContext("2d");
  const colour = colours(canvas);
  ink.scale(ratio, ratio * squeeze);
  for (const step of steps) {
    if (outside(step, axis)) continue;
    const at = box(step, axis, width);
    ink.fillStyle = colour(failed(step) ? "error" : (FAMILIES[step.kind] ?? "other"));
    if (waits(step)) hatch(ink, at);
    else ink.fillRect(at.x, at.y, at.width, at.height);
  }
}

/** Mark where the clock passes quickly, over all lanes. */
export function cut(canvas, idle, axis, width, height) {
  const ink = canvas.getContext("2d");
  ink.fillStyle = colours(canvas)("cut");
  for (const { from, to } of idle) {
    const x = axis.at(from) * width;
    hatch(ink, { x, y: 0, width: axis.at(to) * width - x, height });
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
