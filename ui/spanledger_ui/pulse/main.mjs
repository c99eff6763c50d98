// The strip of bars over time; a click on one, or a drag over some, chooses them.
//
// Drawn as plain elements: a library of charts is 5 MB, which a table would wait for.

import { element } from "../replay/dom.mjs";
import { between, moved } from "./choice.mjs";

/**
 * @typedef {{at: number, share: number, quiet: boolean, title: string}} Bar
 * @typedef {{label: string, buckets: number, bars: Bar[], ticks: [number, string][]}} Strip
 */

export default function pulse({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("[data-pulse]");
  root.replaceChildren(...strip(data, (chosen) => setTriggerValue("chosen", chosen)));
}

/**
 * Return the bars, and the ticks below them.
 * @param {Strip} told
 * @param {(chosen: [number, number]) => void} choose
 */
function strip({ label, buckets, bars, ticks }, choose) {
  const mark = element("div", { class: "mark" });
  const last = String(buckets - 1);
  const slider = { role: "slider", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": last };
  const chosen = { "aria-valuenow": last, "aria-valuetext": "none chosen" };
  const field = element("div", { class: "field", tabindex: "0", ...slider, ...chosen }, mark, ...bars.map(bar));
  const axis = element("div", { class: "axis", "aria-hidden": "true" });
  axis.append(...ticks.map(([at, words]) => put(element("span", {}, words), at, 1)));
  let from = -1;
  let to = -1;

  function put(made, at, many) {
    made.style.left = `${(at / buckets) * 100}%`;
    made.style.width = `${(many / buckets) * 100}%`;
    return made;
  }

  /** @param {Bar} told */
  function bar({ at, share, quiet, title }) {
    const made = element("div", { class: quiet ? "bar quiet" : "bar", title }, element("i"));
    made.style.setProperty("--share", String(share));
    return put(made, at, 1);
  }

  function point(begins, ends) {
    [from, to] = [begins, ends];
    const [low, high] = between(from, to);
    put(mark, low, high - low + 1);
    const told = bars.find((each) => each.at === to);
    field.setAttribute("aria-valuenow", String(to));
    field.setAttribute("aria-valuetext", told ? told.title : "no sessions");
    mark.classList.add("shown");
  }

  const under = (press) => {
    const { left, width } = field.getBoundingClientRect();
    return Math.min(buckets - 1, Math.max(0, Math.floor(((press.clientX - left) / width) * buckets)));
  };
  field.addEventListener("pointerdown", (press) => {
    field.setPointerCapture(press.pointerId);
    point(under(press), under(press));
  });
  field.addEventListener("pointermove", (press) => press.buttons === 1 && from >= 0 && point(from, under(press)));
  field.addEventListener("pointerup", () => from >= 0 && choose(between(from, to)));
  field.addEventListener("keydown", (key) => {
    if (key.key === "Enter" && to >= 0) return choose(between(from, to));
    const next = moved(key.key, to, buckets);
    if (next === null) return;
    key.preventDefault();
    point(key.shiftKey && from >= 0 ? from : next, next);
  });
  return [field, axis];
}
