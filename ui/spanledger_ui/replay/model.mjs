// The skeleton of a session, from the bytes that skeleton.py packs. No DOM in here.

/**
 * One step of a session; null is unknown, times are nanoseconds, dollars decimal strings.
 * @typedef {object} Step
 * @property {string} key "trace.span", what the address bar carries
 * @property {number} depth
 * @property {string} kind
 * @property {string} name
 * @property {string | null} preview
 * @property {number} offset since the session began
 * @property {number | null} duration
 * @property {string} status
 * @property {string | null} error
 * @property {string | null} who the model, tool or node that acted, the agent of an agent
 * @property {number | null} input
 * @property {number | null} output
 * @property {string | null} cost
 * @property {string | null} source
 * @property {string | null} unbilled why its usage is not billed here
 * @property {number} runningInput
 * @property {number} runningOutput
 * @property {string} runningCost
 * @property {number} runningUnpriced
 */

/**
 * @typedef {object} Session
 * @property {string} digest
 * @property {string} title
 * @property {string[]} facts
 * @property {string[]} notes
 * @property {string} status
 * @property {number} duration
 * @property {number} total how many steps there are, shown or not
 * @property {Step[]} steps
 */

const DIGEST_BYTES = 32;
const WAITS = new Set(["waiting"]);
const CALLS = new Set(["llm", "embedding", "rerank"]);

/** What a row says a step is: the product's own words. */
export const LABELS = {
  llm: "call",
  embedding: "embed",
  rerank: "rerank",
  tool: "tool",
  agent: "agent",
  workflow: "flow",
  node: "node",
  retriever: "fetch",
  guardrail: "guard",
  evaluator: "eval",
  decision: "decide",
  state: "state",
  handoff: "handoff",
  event: "event",
  http: "http",
  span: "span",
};

/** The colour family of each kind; the stylesheet gives families their colours. */
export const FAMILIES = {
  llm: "call",
  embedding: "call",
  rerank: "call",
  tool: "tool",
  retriever: "tool",
  agent: "agent",
  workflow: "agent",
  node: "agent",
  handoff: "state",
  state: "state",
  decision: "decision",
  guardrail: "decision",
  evaluator: "decision",
};

/**
 * Return the digest that stands before the payload: equal digests, equal sessions.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function digestOf(bytes) {
  return new TextDecoder().decode(bytes.subarray(0, DIGEST_BYTES));
}

/**
 * Return the session that a payload describes.
 * @param {Uint8Array} bytes
 * @returns {Session}
 */
export function decode(bytes) {
  const { columns, ...session } = JSON.parse(new TextDecoder().decode(bytes.subarray(DIGEST_BYTES)));
  const names = Object.keys(columns);
  const length = columns.key.length;
  const steps = Array.from({ length }, (_, i) =>
    Object.fromEntries(names.map((name) => [name, columns[name][i]])),
  );
  return { ...session, digest: digestOf(bytes), steps };
}

/**
 * Return the place of a step, the first for a key that is none of this session's.
 * @param {Step[]} steps
 * @param {string | null} key
 */
export function placeOf(steps, key) {
  return Math.max(0, key ? steps.findIndex((step) => step.key === key) : 0);
}

/**
 * Return the first step after `from` that `matches`, going round; -1 where there is none.
 * @param {Step[]} steps
 * @param {number} from
 * @param {(step: Step) => boolean} matches
 */
export function nextPlace(steps, from, matches) {
  for (let i = 1; i <= steps.length; i++) {
    const place = (from + i) % steps.length;
    if (matches(steps[place])) return place;
  }
  return -1;
}

/**
 * Return the place of the billed step with the most dollars, -1 when none has any.
 * @param {Step[]} steps
 */
export function dearestPlace(steps) {
  let best = -1;
  let most = 0;
  steps.forEach((step, place) => {
    const cost = step.unbilled || step.cost === null ? 0 : Number(step.cost);
    if (cost > most) [best, most] = [place, cost];
  });
  return best;
}

/** @param {Step} step */
export const failed = (step) => step.status === "error";

/** @param {Step} step */
export const waits = (step) => WAITS.has(step.status);

/** @param {Step} step */
export const calls = (step) => CALLS.has(step.kind);
