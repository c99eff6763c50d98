// What stands above the steps: whose session this is, the totals at the playhead, the controls.

import { compact, count, duration, spent } from "./format.mjs";
import { button, element } from "./dom.mjs";
import { link } from "./link.mjs";

/**
 * Return the heading of a session.
 * @param {import("./model.mjs").Session} session
 * @param {string | null} id where it can be compared
 */
export function heading(session, id) {
  const title = element(
    "div",
    { class: "title" },
    element("span", { class: "status", "data-status": session.status }, session.status),
    element("h1", { title: session.title }, session.title),
    ...(id ? [link(`compare?${new URLSearchParams({ left: id })}`, "Compare")] : []),
  );
  const facts = element("div", { class: "facts" });
  facts.append(...session.facts.map((fact) => element("span", {}, fact)));
  facts.append(...session.notes.map((note) => element("span", { class: "note" }, note)));
  return element("header", {}, title, facts);
}

/** Return the totals at the playhead. */
export function meter() {
  const place = element("span", { class: "place" });
  const at = element("span", { title: "Time since the session began" });
  const tokens = element("span", { title: "Tokens in and out, so far" });
  const dollars = element("span", { class: "dollars", "data-testid": "running-dollars" });
  const root = element("div", { class: "meter", role: "status" }, place, at, tokens, dollars);
  return {
    root,
    /**
     * @param {import("./model.mjs").Session} session
     * @param {number} index
     */
    point(session, index) {
      const step = session.steps[index];
      place.textContent = `Step ${count(index + 1)} of ${count(session.total)}`;
      at.textContent = `+${duration(step.offset)}`;
      tokens.textContent = `${compact(step.runningInput)} in  ${compact(step.runningOutput)} out`;
      dollars.textContent = spent(step.runningCost, step.runningUnpriced);
      dollars.title = `${step.runningCost} USD so far`;
    },
  };
}

/**
 * Return the buttons, each bound to a command of `act`.
 * @param {(command: string) => void} act
 */
export function controls(act) {
  const play = button("▶", "Play (space)", () => act("play"));
  const speed = button("1×", "Speed 1×", () => act("faster"));
  const error = button("⚠ next error", "Next error", () => act("error"));
  const dearest = button("$ dearest", "Dearest step", () => act("dearest"));
  const repeated = button("↻ repetition", "Next step that does what was done before", () => act("repeated"));
  const wait = button("… next wait", "Next wait", () => act("wait"));
  play.classList.add("play");
  const root = element(
    "div",
    { class: "controls", role: "toolbar", "aria-label": "Step through the session" },
    button("|◀", "First step (Home)", () => act("first")),
    button("◀", "Previous step (k, ↑)", () => act("previous")),
    play,
    button("▶|", "Next step (j, ↓)", () => act("next")),
    speed,
    element("span", { class: "gap" }),
    error,
    dearest,
    repeated,
    wait,
  );
  return {
    root,
    /** @param {boolean} playing @param {number} rate */
    playing(playing, rate) {
      play.textContent = playing ? "❚❚" : "▶";
      play.setAttribute("aria-label", playing ? "Pause (space)" : "Play (space)");
      speed.textContent = `${rate}×`;
      speed.title = `Speed ${rate}×`;
      speed.setAttribute("aria-label", speed.title);
    },
    /** @param {{errors: boolean, dollars: boolean, repetitions: boolean, waits: boolean}} has */
    offer(has) {
      error.hidden = !has.errors;
      dearest.hidden = !has.dollars;
      repeated.hidden = !has.repetitions;
      wait.hidden = !has.waits;
    },
  };
}
