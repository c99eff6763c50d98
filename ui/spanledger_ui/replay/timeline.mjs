// The timeline: every step as a bar on a canvas, the playhead over it, idle times compressed on demand.

import { FAMILIES, failed, waits } from "./model.mjs";
import { LANE_PX, box, hit, lanes, span } from "./scale.mjs";
import { clock, gaps, lengthOf } from "./idle.mjs";
import { button, element } from "./dom.mjs";
import { duration } from "./format.mjs";

const PAD_PX = 6;
const HATCH_PX = 4;

/**
 * Return a timeline; `choose` is called with the step that was clicked or dragged to.
 * @param {(place: number) => void} choose
 */
export function timeline(choose) {
  const bars = /** @type {HTMLCanvasElement} */ (element("canvas"));
  const head = element("div", { class: "playhead" });
  const track = element("div", { class: "timeline", role: "presentation" }, bars, head);
  const offer = button("", "Pass idle times of five minutes and more quickly", () => compress(!compressed));
  const root = element("div", { class: "times" }, track, offer);
  offer.classList.add("offer");
  offer.removeAttribute("aria-label"); // its words are its name
  let steps = [];
  let idle = [];
  let compressed = false; // off until asked for: what looks short should be short
  let pointed = 0;
  let axis = { total: 1, at: clock(1, []) };

  const width = () => Math.max(1, track.clientWidth - 2 * PAD_PX);
  const pick = (press) => {
    const at = bars.getBoundingClientRect();
    choose(hit(steps, axis, width(), press.clientX - at.left, press.clientY - at.top));
  };
  track.addEventListener("pointerdown", (press) => {
    track.setPointerCapture(press.pointerId);
    pick(press);
  });
  track.addEventListener("pointermove", (press) => press.buttons === 1 && pick(press));

  function compress(wanted) {
    compressed = wanted;
    axis = { total: axis.total, at: clock(axis.total, compressed ? idle : []) };
    offer.textContent = words(idle, axis.total, compressed);
    offer.setAttribute("aria-pressed", String(compressed));
    draw();
    point(pointed);
  }

  function draw() {
    paint(bars, steps, axis, width(), lanes(steps) * LANE_PX);
    if (compressed) cut(bars, idle, axis, width(), lanes(steps) * LANE_PX);
  }

  /** @param {number} place */
  function point(place) {
    pointed = place;
    if (!steps.length) return;
    head.style.transform = `translateX(${PAD_PX + box(steps[place], axis, width()).x}px)`;
  }

  return {
    root,
    draw,
    point,
    /** @param {import("./model.mjs").Session} session */
    show(session) {
      steps = session.steps;
      pointed = 0;
      axis.total = span(steps, session.duration);
      idle = gaps(steps, axis.total);
      offer.hidden = !idle.length;
      track.style.height = `${lanes(steps) * LANE_PX + 2 * PAD_PX}px`;
      compress(false);
    },
  };
}

/** Return what the offer says: how long nothing ran, and what a click does. */
function words(idle, total, compressed) {
  const length = lengthOf(idle);
  const share = Math.min(99.9, Math.floor((length / total) * 1000) / 10);
  return `${duration(length)} idle, ${share} %  ·  ${compressed ? "show in full" : "compress"}`;
}

/** Paint all steps, in the colours the stylesheet gives their families. */
function paint(canvas, steps, axis, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const ink = canvas.getContext("2d");
  const colour = colours(canvas);
  ink.scale(ratio, ratio);
  for (const step of steps) {
    const at = box(step, axis, width);
    ink.fillStyle = colour(failed(step) ? "error" : (FAMILIES[step.kind] ?? "other"));
    if (waits(step)) hatch(ink, at);
    else ink.fillRect(at.x, at.y, at.width, at.height);
  }
}

/** Mark where the clock passes quickly, over all lanes. */
function cut(canvas, idle, axis, width, height) {
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
