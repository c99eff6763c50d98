// The timeline: every step as a bar on a canvas, the playhead over it; looked at closer, or with
// its idle times compressed, on demand.

import { LANE_PX, hit, lanes, span } from "./scale.mjs";
import { WHOLE, isWhole, panned, read, showing, through, timeAt, written, zoomed } from "./zoom.mjs";
import { clock, gaps, lengthOf } from "./idle.mjs";
import { button, element } from "./dom.mjs";
import { cut, paint } from "./paint.mjs";
import { duration } from "./format.mjs";
import { minimap } from "./minimap.mjs";

const PAD_PX = 6;
const CLOSER = 0.6;
const WHEEL = 0.002; // how much closer a pixel of the wheel looks

/**
 * Return a timeline; `choose` is called with the step that was clicked or dragged to, `look` with the
 * part that is looked at as the address carries it.
 * @param {(place: number) => void} choose
 * @param {(part: string | null) => void} look
 */
export function timeline(choose, look) {
  const bars = /** @type {HTMLCanvasElement} */ (element("canvas"));
  const head = element("div", { class: "playhead" });
  const track = element("div", { class: "timeline", role: "presentation" }, bars, head);
  const offer = button("", "Pass idle times of five minutes and more quickly", () => compress(!compressed));
  const map = minimap((moved) => aim(moved));
  const part = element("span", { class: "part" });
  const closer = button("+", "Look closer (+, or Ctrl and the wheel)", () => zoom("closer"));
  const farther = button("−", "Look from farther (-)", () => zoom("farther"));
  const all = button("all", "Show the whole session (0)", () => zoom("whole"));
  const foot = element("div", { class: "foot" }, offer, part, all, farther, closer);
  const root = element("div", { class: "times" }, track, map.root, foot);
  offer.classList.add("offer");
  offer.removeAttribute("aria-label"); // its words are its name
  let steps = [];
  let idle = [];
  let compressed = false; // off until asked for: what looks short should be short
  let pointed = 0;
  let lens = WHOLE;
  let whole = { total: 1, at: clock(1, []) };
  let axis = whole; // through the lens

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

  track.addEventListener("wheel", wheel, { passive: false });

  function wheel(turn) {
    if (!turn.ctrlKey && !turn.metaKey && (isWhole(lens) || !turn.deltaX)) return;
    turn.preventDefault();
    const at = (turn.clientX - bars.getBoundingClientRect().left) / width();
    const away = turn.ctrlKey || turn.metaKey;
    aim(away ? zoomed(lens, Math.exp(turn.deltaY * WHEEL), at) : panned(lens, turn.deltaX / width()));
  }

  /** Look closer at the playhead, from farther, or at all. */
  function zoom(name) {
    if (name === "whole" || !steps.length) return aim(WHOLE);
    const at = axis.at(steps[pointed].offset);
    aim(zoomed(lens, name === "closer" ? CLOSER : 1 / CLOSER, Math.min(1, Math.max(0, at))));
  }

  function aim(next) {
    lens = next;
    look(written(lens));
    draw();
    place();
  }

  function compress(wanted) {
    compressed = wanted;
    whole = { total: whole.total, at: clock(whole.total, compressed ? idle : []) };
    offer.textContent = words(idle, whole.total, compressed);
    offer.setAttribute("aria-pressed", String(compressed));
    draw();
    place();
  }

  function draw() {
    axis = through(whole, lens);
    paint(bars, steps, axis, width(), lanes(steps) * LANE_PX);
    if (compressed) cut(bars, idle, axis, width(), lanes(steps) * LANE_PX);
    map.draw(steps, whole, lens);
    all.hidden = farther.hidden = isWhole(lens);
    part.textContent = isWhole(lens) ? "" : parts(whole, lens);
  }

  /** Put the playhead where its step begins. */
  function place() {
    if (!steps.length) return;
    const at = axis.at(steps[pointed].offset);
    head.hidden = at < 0 || at > 1;
    head.style.transform = `translateX(${PAD_PX + Math.min(at * width(), width() - 2)}px)`;
  }

  /** @param {number} at the place of a step, which is brought into view */
  function point(at) {
    pointed = at;
    if (!steps.length) return;
    const seen = showing(lens, Math.min(1, whole.at(steps[at].offset)));
    if (seen === lens) place();
    else aim(seen);
  }

  return {
    root,
    draw,
    point,
    zoom,
    /**
     * @param {import("./model.mjs").Session} session
     * @param {string | null} seen the part to look at, from the address
     */
    show(session, seen) {
      steps = session.steps;
      pointed = 0;
      lens = read(seen);
      whole.total = span(steps, session.duration);
      idle = gaps(steps, whole.total);
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

/** Return from when until when is shown. */
function parts(axis, lens) {
  const [from, to] = [lens.from, lens.to].map((share) => duration(timeAt(axis, share)));
  return `${from} – ${to} of ${duration(axis.total)}`;
}
