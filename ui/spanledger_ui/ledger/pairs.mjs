// Two rows of a ledger, ticked to be taken together: a box before each row, and where they lead.

import { button, element } from "../replay/dom.mjs";
import { along, follow } from "../replay/link.mjs";

/**
 * Return what keeps the ticks of one table; a third one takes the place of the first.
 * @param {string} page where the two are taken, as `left` and `right`
 */
export function ticks(page) {
  /** @type {{id: string, name: string}[]} */
  let picked = [];
  /** @type {Map<string, HTMLInputElement>} of the rows that are drawn */
  let boxes = new Map();
  const words = element("span");
  const go = element("a", { class: "go" }, "Compare");
  const bar = element("div", { class: "pair", role: "status" }, words, go, button("Clear", "Tick none", () => take([])));
  go.addEventListener("click", (press) => follow(press, go.getAttribute("href")));
  take([]);

  function take(next) {
    picked = next;
    for (const [id, box] of boxes) box.checked = picked.some((row) => row.id === id);
    bar.hidden = !picked.length;
    go.hidden = picked.length < 2;
    words.textContent = picked.map((row) => row.name).join("  ·  ") + (picked.length < 2 ? "  ·  tick another" : "");
    if (picked.length === 2) go.setAttribute("href", along(address(page, picked[0].id, picked[1].id)));
  }

  /** Put a box before each row of a table that was just made. */
  function over(table, rows) {
    boxes = new Map();
    table.querySelector("thead tr").prepend(element("td", { class: "pick" }));
    table.querySelectorAll("tbody tr").forEach((line, at) => {
      const { pick, cells } = rows[at];
      const name = cells.session?.text ?? pick;
      const box = /** @type {HTMLInputElement} */ (element("input", { type: "checkbox", "aria-label": `Tick ${name} to compare` }));
      box.addEventListener("change", () => take(after(picked, { id: pick, name }, box.checked)));
      const cell = element("td", { class: "pick" }, box);
      cell.addEventListener("click", (press) => press.stopPropagation()); // not a click on the row
      line.prepend(...(pick === undefined ? [element("td", { class: "pick" })] : [cell]));
      if (pick !== undefined) boxes.set(pick, box);
    });
    take(picked);
  }

  return { bar, over };
}

/**
 * Return what is ticked after a box changed: two at most, the last ones.
 * @param {{id: string, name: string}[]} picked
 * @param {{id: string, name: string}} row
 * @param {boolean} checked
 */
export function after(picked, row, checked) {
  const others = picked.filter(({ id }) => id !== row.id);
  return checked ? [...others, row].slice(-2) : others;
}

/** Return where two rows are taken. */
export function address(page, left, right) {
  return `${page}?${new URLSearchParams({ left, right })}`;
}
