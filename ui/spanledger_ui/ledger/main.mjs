// A ledger: rows of facts, their numbers right, one click from what they are about.
//
// What a trace says becomes text nodes here and nothing else.

import { element } from "../replay/dom.mjs";
import { UNKNOWN } from "../replay/format.mjs";
import { along, follow, link } from "../replay/link.mjs";
import { ticks } from "./pairs.mjs";

/**
 * @typedef {{key: string, label: string, align?: "right", wide?: boolean, named?: boolean}} Column
 * @typedef {{text: string, title?: string, tone?: string, under?: string, share?: number, href?: string}} Cell
 * @typedef {{href?: string, pick?: string, cells: Record<string, Cell | string>}} Row
 */

/** @type {WeakMap<object, ReturnType<typeof ticks>>} what is ticked outlives a table drawn anew */
const ticked = new WeakMap();

export default function ledger({ parentElement, data }) {
  const root = parentElement.querySelector("[data-ledger]");
  if (!data.pairs) return root.replaceChildren(table(data));
  const pair = ticked.get(parentElement) ?? ticks(data.pairs);
  ticked.set(parentElement, pair);
  const made = table(data);
  pair.over(made, data.rows);
  root.replaceChildren(pair.bar, made);
}

/**
 * Return the table.
 * @param {{label: string, columns: Column[], rows: Row[], sum?: Record<string, Cell | string>}} data
 */
function table({ label, columns, rows, sum }) {
  const heads = columns.map((column) =>
    column.label
      ? element("th", { scope: "col", ...classes(column) }, column.label)
      : element("td", classes(column)), // a heading that says nothing is none
  );
  const body = element("tbody");
  body.append(...rows.map((row) => line(row, columns)));
  const made = element("table", { "aria-label": label }, element("thead", {}, element("tr", {}, ...heads)), body);
  if (sum) made.append(element("tfoot", {}, element("tr", {}, ...columns.map((c) => cell(sum[c.key] ?? "", c)))));
  return made;
}

/**
 * Return a row. Its wide cell is a true link, for the keyboard and for a new tab; elsewhere a
 * plain click opens it in place.
 */
function line(row, columns) {
  const cells = columns.map((column) =>
    column.wide && row.href ? linked(row, column) : cell(row.cells[column.key] ?? "", column),
  );
  const made = element("tr", row.href ? { class: "opens" } : {}, ...cells);
  if (row.href) made.addEventListener("click", (press) => follow(press, row.href));
  return made;
}

function linked(row, column) {
  const made = element("td", classes(column));
  made.append(element("a", { href: along(row.href) }, ...content(row.cells[column.key] ?? "")));  // the row follows it
  return made;
}

/** @param {Cell | string} value @param {Column} column */
function cell(value, column) {
  const extra = typeof value === "string" ? {} : value;
  const parts = column.align === "right" ? content(value).reverse() : content(value); // figures end alike
  const inside = extra.href ? [link(extra.href, ...parts)] : parts;
  const said = extra.text ?? value;
  const made = element("td", { ...classes(column), "data-label": small(column.label) }, ...inside);
  if (said === "") made.classList.add("blank");
  if (said === UNKNOWN) made.classList.add("unknown");
  if (extra.title) made.title = extra.title;
  if (extra.tone) made.dataset.tone = extra.tone;
  if (extra.share !== undefined) made.style.setProperty("--share", String(extra.share));
  return made;
}

function content(value) {
  if (typeof value === "string") return [element("span", {}, value)];
  const under = value.under ? [element("small", {}, value.under)] : [];
  return [element("span", {}, value.text), ...under];
}

/** Return a heading as it stands behind a figure: "steps", but "USD" as it is. @param {string} label */
function small(label) {
  return label.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase());
}

function classes(column) {
  const kinds = [column.align ?? "", column.wide ? "wide" : "", column.named ? "named" : "", column.key];
  return { class: kinds.filter(Boolean).join(" ") };
}
