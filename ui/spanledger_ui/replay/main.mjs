// Replay: one session, its transcript, its timeline and a playhead that moves all of them.
//
// Streamlit calls the default export again for each rerun and each change of theme, always with
// the same parent; the view behind a parent is made once and told what is new.

import * as head from "./head.mjs";
import * as player from "./player.mjs";
import * as url from "./url.mjs";
import { dearestPlace, decode, digestOf, failed, nextPlace, placeOf, repetitions, waits } from "./model.mjs";
import { element } from "./dom.mjs";
import { stateGraph } from "./stategraph.mjs";
import { timeline } from "./timeline.mjs";
import { transcript } from "./transcript.mjs";

const SETTLE_MS = 120; // stepping on for this long asks for one payload, not for each passed by
// what makes its own use of keys, and of the space bar
const TAKES_KEYS = "input, textarea, select, [contenteditable=true], [role=tab], [role=combobox]";
const TAKES_SPACE = "button, summary, a";

/** @type {WeakMap<object, ReturnType<typeof view>>} */
const views = new WeakMap();

export default function replay({ parentElement, data, setTriggerValue }) {
  let shown = views.get(parentElement);
  if (!shown) {
    shown = view(parentElement.querySelector("[data-replay]"));
    views.set(parentElement, shown);
  }
  const turn = shown.update(data, (key) => setTriggerValue("step", key));
  return () => {
    // a call that was overtaken while its module loaded must not end the view of the later one
    if (!shown.ends(turn)) return;
    views.delete(parentElement);
  };
}

/** Return the view of one session inside `root`. */
function view(root) {
  /** @type {import("./model.mjs").Session | null} */
  let session = null;
  let tell = (_key) => {};
  let place = 0;
  let turn = 0;
  let settling = 0;
  let play = null;
  let speed = 1;
  let home = null;
  let repeated = new Set();

  const steps = transcript((chosen) => go(chosen, true), () => point());
  const times = timeline((chosen) => go(chosen, false), (part) => here() && url.look(part));
  const states = stateGraph((chosen) => go(chosen, true));
  const meter = head.meter();
  const controls = head.controls(act);
  const headingSlot = element("div");
  root.replaceChildren(headingSlot, meter.root, controls.root, times.root, states.root, steps.root);

  function go(chosen, entry) {
    if (!session || chosen < 0) return;
    stop();
    show(chosen, entry);
  }

  function show(chosen, entry) {
    place = chosen;
    point();
    url.write(session.steps[place].key, entry);
    settle();
  }

  function point() {
    steps.point(place);
    times.point(place);
    const reached = steps.reached(place);
    meter.point(session, reached);
    states.point(reached);
  }

  /** Tell whether the address still is ours: a message from a page that was left empties the next. */
  function here() {
    return url.sessionIn(window.location.search) === home;
  }

  function settle() {
    clearTimeout(settling);
    settling = setTimeout(() => here() && tell(session.steps[place].key), SETTLE_MS);
  }

  function act(name) {
    if (!session) return;
    if (name === "play") return play ? stop() : start();
    if (name === "faster") return hasten();
    if (name === "error") return go(nextPlace(session.steps, place, failed), true);
    if (name === "dearest") return go(dearestPlace(session.steps), true);
    if (name === "wait") return go(nextPlace(session.steps, place, waits), true);
    if (name === "repeated") return go(nextPlace(session.steps, place, (_, at) => repeated.has(at)), true);
    if (name === "fold") return steps.turn(place);
    if (name === "closer" || name === "farther" || name === "whole") return times.zoom(name);
    const rows = steps.rows();
    go(rows[player.target(name, steps.rowOf(place), rows.length)], false);
  }

  function start() {
    const row = steps.rowOf(place);
    const from = row >= steps.rows().length - 1 ? 0 : row;
    play = { from, since: performance.now(), frame: 0 };
    controls.playing(true, speed);
    tick(performance.now());
  }

  function tick(now) {
    const rows = steps.rows();
    const reached = player.reached(play.from, now - play.since, rows.length, speed);
    if (rows[reached] !== place) show(rows[reached], false);
    if (reached >= rows.length - 1) stop();
    else play.frame = requestAnimationFrame(tick);
  }

  function stop() {
    if (play) cancelAnimationFrame(play.frame);
    play = null;
    controls.playing(false, speed);
  }

  function hasten() {
    speed = player.faster(speed);
    if (play) Object.assign(play, { from: steps.rowOf(place), since: performance.now() });
    controls.playing(play !== null, speed);
  }

  function back() {
    stop();
    if (!session || !here()) return;
    place = placeOf(session.steps, url.eventIn(window.location.search));
    point();
    settle();
  }

  function press(key) {
    const name = player.command(key);
    // the composed path sees into shadow roots, where the target alone does not
    const path = key.composedPath().filter((node) => node instanceof Element);
    const taken = name === "play" || name === "fold" ? `${TAKES_KEYS}, ${TAKES_SPACE}` : TAKES_KEYS;
    if (!name || path.some((node) => node.matches(taken))) return;
    key.preventDefault();
    act(name);
  }

  function redraw() {
    if (!session || !root.isConnected) return;
    times.draw();
    point();
  }

  const resized = new ResizeObserver(redraw);
  resized.observe(root);
  window.addEventListener("popstate", back);
  document.addEventListener("keydown", press);

  return {
    /** Take in what a rerun brought; return the number of this call. */
    update(bytes, trigger) {
      tell = trigger;
      if (session?.digest !== digestOf(bytes)) {
        stop();
        session = decode(bytes);
        home = url.sessionIn(window.location.search);
        place = placeOf(session.steps, url.eventIn(window.location.search));
        headingSlot.replaceChildren(head.heading(session, url.isShared(window.location.search) ? null : home));
        repeated = repetitions(session.steps);
        controls.offer({
          errors: session.steps.some(failed),
          dollars: dearestPlace(session.steps) >= 0,
          repetitions: repeated.size > 0,
          waits: session.steps.some(waits),
        });
        steps.show(session);
        states.show(session);
        times.show(session, url.partIn(window.location.search));
      }
      redraw();
      return ++turn;
    },
    /** End the view if no later call took it over; tell whether it ended. */
    ends(call) {
      if (call !== turn) return false;
      stop();
      clearTimeout(settling);
      resized.disconnect();
      window.removeEventListener("popstate", back);
      document.removeEventListener("keydown", press);
      return true;
    },
  };
}
