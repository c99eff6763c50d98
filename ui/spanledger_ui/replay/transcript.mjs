// The transcript: one line a step, and only as many lines in the page as the window shows.

import { compact, count, duration, usd } from "./format.mjs";
import { FAMILIES, LABELS, calls, failed, waits } from "./model.mjs";
import { ROW_PX, revealed, visible } from "./rows.mjs";
import { element } from "./dom.mjs";

const COLUMNS = ["kind", "said", "tokens", "cost", "running", "time"];
const INDENT_PX = 14;
const MOST_INDENTS = 10;

/**
 * Return a transcript; `choose` is called with the step that was clicked.
 * @param {(place: number) => void} choose
 */
export function transcript(choose) {
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
  /** @type {Map<number, HTMLElement>} */
  let shown = new Map();

  root.addEventListener("scroll", () => draw(), { passive: true });
  sheet.addEventListener("click", (press) => {
    const row = /** @type {HTMLElement} */ (press.target).closest("[data-place]");
    if (row) choose(Number(row.getAttribute("data-place")));
  });

  function draw() {
    const { first, end } = visible(root.scrollTop, root.clientHeight, steps.length);
    const next = new Map();
    for (let place = first; place < end; place++) {
      next.set(place, shown.get(place) ?? sheet.appendChild(line(steps[place], place)));
    }
    for (const [place, row] of shown) if (!next.has(place)) row.remove();
    shown = next;
    mark();
  }

  function mark() {
    for (const [place, row] of shown) {
      row.setAttribute("aria-selected", String(place === selected));
    }
    if (shown.has(selected)) root.setAttribute("aria-activedescendant", `step-${selected}`);
    else root.removeAttribute("aria-activedescendant");
  }

  return {
    root,
    draw,
    /** @param {import("./model.mjs").Session} session */
    show(session) {
      steps = session.steps;
      sheet.replaceChildren();
      sheet.style.height = `${steps.length * ROW_PX}px`;
      shown = new Map();
      draw();
    },
    /** @param {number} place */
    point(place) {
      selected = place;
      root.scrollTop = revealed(place, root.scrollTop, root.clientHeight);
      draw();
    },
  };
}

/**
 * Return the row of a step.
 * @param {import("./model.mjs").Step} step
 * @param {number} place
 */
function line(step, place) {
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
    said(step),
    element("span", { class: "tokens" }, tokens(step)),
    cost(step),
    running(step),
    element("span", { class: "time" }, duration(step.duration)),
  );
  row.style.transform = `translateY(${place * ROW_PX}px)`;
  return row;
}

/** Return name and preview, indented by depth. */
function said(step) {
  const made = element("span", { class: "said" }, element("b", {}, step.name));
  made.style.paddingLeft = `${Math.min(step.depth, MOST_INDENTS) * INDENT_PX}px`;
  if (step.who && !step.name.includes(step.who)) made.append(element("i", {}, step.who));
  if (step.preview) made.append(element("span", { class: "preview" }, step.preview));
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
  const made = element("span", { class: "running" }, usd(step.runningCost, 4));
  const unpriced = step.runningUnpriced ? `, ${count(step.runningUnpriced)} calls unpriced` : "";
  made.title = `So far: ${step.runningCost} USD${unpriced}, ${count(step.runningInput)} tokens in, ${count(step.runningOutput)} out`;
  return made;
}
