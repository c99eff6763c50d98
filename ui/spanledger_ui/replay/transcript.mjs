// The transcript: one line a step, and only as many lines in the page as the window shows. What a
// sub-agent did is one card until somebody looks inside.

import { compact, count, duration, usd } from "./format.mjs";
import { FAMILIES, LABELS, calls, failed, waits } from "./model.mjs";
import { enclosing, folds, standing } from "./folds.mjs";
import { ROW_PX, revealed, visible } from "./rows.mjs";
import { element } from "./dom.mjs";

const COLUMNS = ["kind", "said", "tokens", "cost", "running", "time"];
const INDENT_PX = 14;
const MOST_INDENTS = 10;

/**
 * Return a transcript; `choose` is called with the step that was clicked, `turned` when a card was
 * opened or shut.
 * @param {(place: number) => void} choose
 * @param {() => void} turned
 */
export function transcript(choose, turned) {
  const sheet = element("div", { class: "sheet" });
  const heads = ["", "Step", "Tokens", "USD", "So far", "Time"];
  const top = element("div", { class: "heads", "aria-hidden": "true" });
  top.append(...heads.map((head, i) => element("span", { class: COLUMNS[i] }, head)));
  const root = element(
    "div",
    { class: "transcript", role: "listbox", tabindex: "0", "aria-label": "Steps of the session" },
    top,
    sheet,
  );
  /** @type {import("./model.mjs").Step[]} */
  let steps = [];
  let selected = 0;
  /** @type {ReturnType<typeof folds>} */
  let inside = { cards: new Map(), around: new Int32Array() };
  /** @type {Set<number>} */
  let shut = new Set();
  /** @type {number[]} */
  let rows = [];
  /** @type {Map<number, HTMLElement>} by row */
  let shown = new Map();

  root.addEventListener("scroll", () => draw(), { passive: true });
  sheet.addEventListener("click", (press) => {
    const at = /** @type {HTMLElement} */ (press.target);
    const row = at.closest("[data-place]");
    if (!row) return;
    const place = Number(row.getAttribute("data-place"));
    if (at.closest(".fold")) turn(place);
    else choose(place);
  });

  function draw() {
    const { first, end } = visible(root.scrollTop, root.clientHeight, rows.length);
    const next = new Map();
    for (let row = first; row < end; row++) {
      next.set(row, shown.get(row) ?? sheet.appendChild(placed(line(steps[rows[row]], rows[row], card(rows[row])), row)));
    }
    for (const [row, made] of shown) if (!next.has(row)) made.remove();
    shown = next;
    mark();
  }

  function mark() {
    for (const [row, made] of shown) {
      made.setAttribute("aria-selected", String(rows[row] === selected));
    }
    if (shown.has(rowOf(selected))) root.setAttribute("aria-activedescendant", `step-${selected}`);
    else root.removeAttribute("aria-activedescendant");
  }

  /** Return what a row says of the sub-agent that it stands for, null where it is none. */
  function card(place) {
    const told = inside.cards.get(place);
    return told ? { ...told, shut: shut.has(place) } : null;
  }

  /** Lay the rows out anew. */
  function lay() {
    rows = standing(inside.around, shut);
    sheet.replaceChildren();
    sheet.style.height = `${rows.length * ROW_PX}px`;
    shown = new Map();
  }

  /** Return the row of a step, or of the card it is in; rows stand in the order of places. */
  function rowOf(place) {
    let [low, high] = [0, rows.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (rows[middle] <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Open a card that is shut, or shut it. */
  function turn(place) {
    if (!inside.cards.has(place)) return;
    if (!shut.delete(place)) shut.add(place);
    lay();
    turned();
  }

  /** Open all that a step is inside of. */
  function open(place) {
    const closed = enclosing(inside.around, place).filter((at) => shut.has(at));
    if (!closed.length) return;
    closed.forEach((at) => shut.delete(at));
    lay();
  }

  return {
    root,
    turn,
    rowOf,
    rows: () => rows,
    /** Return the last step that the row of a step stands for: a shut card stands for all inside. */
    reached: (place) => (shut.has(place) ? inside.cards.get(place).end : place),
    /** @param {import("./model.mjs").Session} session */
    show(session) {
      steps = session.steps;
      inside = folds(steps);
      shut = new Set(inside.cards.keys());
      lay();
      draw();
    },
    /** @param {number} place */
    point(place) {
      selected = place;
      open(place);
      root.scrollTop = revealed(rowOf(place), root.scrollTop, root.clientHeight);
      draw();
    },
  };
}

/** Put a line at its row. */
function placed(made, row) {
  made.style.transform = `translateY(${row * ROW_PX}px)`;
  return made;
}

/**
 * Return the row of a step.
 * @param {import("./model.mjs").Step} step
 * @param {number} place
 * @param {import("./folds.mjs").Card & {shut: boolean} | null} card
 */
function line(step, place, card) {
  const family = failed(step) ? "error" : (FAMILIES[step.kind] ?? "other");
  const row = element(
    "div",
    {
      class: `row${failed(step) ? " failed" : ""}${waits(step) ? " waits" : ""}`,
      role: "option",
      id: `step-${place}`,
      "data-place": String(place),
    },
    element("span", { class: "kind", "data-family": family }, LABELS[step.kind] ?? step.kind),
    said(step, card),
    element("span", { class: "tokens" }, card?.shut ? `∑ ${compact(card.input)} → ${compact(card.output)}` : tokens(step)),
    card?.shut ? bundled(card) : cost(step),
    running(step),
    element("span", { class: "time" }, duration(step.duration)),
  );
  return row;
}

/** Return name and preview, indented by depth. */
function said(step, card) {
  const made = element("span", { class: "said" }, ...(card ? [fold(card)] : []), element("b", {}, step.name));
  made.style.paddingLeft = `${Math.min(step.depth, MOST_INDENTS) * INDENT_PX}px`;
  if (step.who && !step.name.includes(step.who)) made.append(element("i", {}, step.who));
  if (step.preview) made.append(element("span", { class: "preview" }, step.preview));
  return made;
}

/** Return the handle of a card, and how much is in it. */
function fold({ shut, steps, errors }) {
  const label = `${shut ? "Show" : "Hide"} what this agent did (Enter)`;
  const inside = `${count(steps)} steps${errors ? `, ${count(errors)} failed` : ""}`;
  return element("span", { class: errors ? "fold failing" : "fold", title: label }, `${shut ? "+" : "−"} ${inside}`);
}

/** Return the dollars of all that is in a card. */
function bundled({ cost: spent, unpriced }) {
  const made = element("span", { class: "cost aside" }, `∑ ${usd(spent, 6)}${unpriced ? "+" : ""}`);
  made.title = `${spent} USD inside${unpriced ? `, ${count(unpriced)} calls unpriced` : ""}`;
  return made;
}

/** Return tokens in and out of a call; nothing for what calls no model. */
function tokens(step) {
  if (!calls(step) && step.input === null && step.output === null) return "";
  const sum = step.unbilled === "rollup" ? "∑ " : "";
  return `${sum}${compact(step.input)} → ${compact(step.output)}`;
}

/** Return the dollars of a step: "unpriced" for a call without a price, nothing for no call. */
function cost(step) {
  const made = element("span", { class: "cost" });
  if (step.unbilled) {
    made.textContent = step.unbilled === "rollup" && step.cost ? `∑ ${usd(step.cost, 6)}` : "";
    made.title = `Not billed here: ${step.unbilled}`;
    made.classList.add("aside");
  } else if (step.cost !== null) {
    made.textContent = (step.source === "estimated" ? "≈ " : "") + usd(step.cost, 6);
    made.title = `${step.cost} USD, ${step.source ?? "source unknown"}`;
  } else if (calls(step) && step.source === "unpriced") {
    made.textContent = "unpriced";
    made.classList.add("aside");
  } else if (calls(step)) {
    made.textContent = "–";
  }
  return made;
}

/** Return the dollars spent so far, this step included. */
function running(step) {
  const made = element("span", { class: "running" }, usd(step.runningCost, 4) + (step.runningUnpriced ? "+" : ""));
  const unpriced = step.runningUnpriced ? `, ${count(step.runningUnpriced)} calls unpriced` : "";
  made.title = `So far: ${step.runningCost} USD${unpriced}, ${count(step.runningInput)} tokens in, ${count(step.runningOutput)} out`;
  return made;
}
