// Links that open in place: Streamlit reads the address when the browser says that history moved.

import { element } from "./dom.mjs";

/**
 * Return a link to another page of ours.
 * @param {string} href
 * @param {...(Node | string)} children strings become text nodes
 */
export function link(href, ...children) {
  const made = element("a", { href }, ...children);
  made.addEventListener("click", (press) => follow(press, href));
  return made;
}

/**
 * Open in place, unless the reader wants a tab of its own or is selecting text. One entry of
 * history, so that Back returns to the very list that was left.
 * @param {MouseEvent} press
 * @param {string} href
 */
export function follow(press, href) {
  if (press.ctrlKey || press.metaKey || press.shiftKey || press.button !== 0) return;
  if (String(window.getSelection())) return;
  press.preventDefault();
  window.history.pushState(null, "", href);
  window.dispatchEvent(new PopStateEvent("popstate"));
}
