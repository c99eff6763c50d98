// Keys and time to steps. Pure: the clock and the keyboard are the caller's.

export const SPEEDS = [1, 2, 4, 8];
const STEP_MS = 700; // at ease: long enough to read a line
const SWEEP_MS = 10_000; // and no session takes longer than this to run through

const KEYS = {
  j: "next",
  ArrowDown: "next",
  ArrowRight: "next",
  k: "previous",
  ArrowUp: "previous",
  ArrowLeft: "previous",
  Home: "first",
  End: "last",
  PageDown: "page-down",
  PageUp: "page-up",
  " ": "play",
  Enter: "fold",
  "+": "closer",
  "=": "closer",
  "-": "farther",
  0: "whole",
};

/**
 * Return how many milliseconds a step lasts while playing.
 * @param {number} steps how many there are
 * @param {number} speed
 */
export function stepMs(steps, speed) {
  return Math.min(STEP_MS, SWEEP_MS / Math.max(1, steps)) / speed;
}

/**
 * Return the step that playing has reached.
 * @param {number} from where it started
 * @param {number} elapsedMs since then
 * @param {number} steps
 * @param {number} speed
 */
export function reached(from, elapsedMs, steps, speed) {
  // a frame's time can lie before the key press that began it
  const passed = Math.max(0, Math.floor(elapsedMs / stepMs(steps, speed)));
  return Math.min(steps - 1, from + passed);
}

/**
 * Return the command of a key press, null when it is none of ours.
 * @param {{key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean}} press
 */
export function command(press) {
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  return KEYS[press.key] ?? null;
}

/**
 * Return where a command leads.
 * @param {string} name
 * @param {number} place
 * @param {number} steps
 */
export function target(name, place, steps) {
  const last = steps - 1;
  const moves = { next: 1, previous: -1, "page-down": 15, "page-up": -15, first: -steps, last: steps };
  return Math.min(last, Math.max(0, place + (moves[name] ?? 0)));
}

/**
 * Return the speed after this one, the slowest after the fastest.
 * @param {number} speed
 */
export function faster(speed) {
  return SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];
}
