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
 * @property {number} parent the place of the step around it, -1 without one
 * @property {string | null} agent
 * @property {string | null} node
 * @property {string | null} from the state that it left
 * @property {string | null} to the state that it reached
 * @property {string | null} reason why
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
  wait: "wait",
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
  wait: "decision",
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
 * @param {(step: Step, place: number) => boolean} matches
 */
export function nextPlace(steps, from, matches) {
  for (let i = 1; i <= steps.length; i++) {
    const place = (from + i) % steps.length;
    if (matches(steps[place], place)) return place;
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

/**
 * Return the places of steps that do what was done before: the same call or tool, saying the same.
 * @param {Step[]} steps
 * @returns {Set<number>}
 */
export function repetitions(steps) {
  const known = new Set();
  const found = new Set();
  steps.forEach((step, place) => {
    if (step.preview === null || !(step.kind === "tool" || calls(step))) return;
    const did = JSON.stringify([step.kind, step.name, step.who, step.preview]);
    if (known.has(did)) found.add(place);
    known.add(did);
  });
  return found;
}

/**
 * Return the place of the step around one, -1 without one; the depth cuts parents that go in a circle.
 * @param {Step[]} steps
 * @param {number} place
 */
export function parentOf(steps, place) {
  const { parent, depth } = steps[place];
  return parent >= 0 && steps[parent].depth < depth ? parent : -1;
}

/** @param {Step} step */
export const failed = (step) => step.status === "error";

/** @param {Step} step */
export const waits = (step) => step.kind === "wait" || WAITS.has(step.status);

/** @param {Step} step */
export const calls = (step) => CALLS.has(step.kind);
