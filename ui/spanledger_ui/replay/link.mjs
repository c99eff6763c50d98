// Links that open in place: Streamlit reads the address when the browser says that history moved.

import { element } from "./dom.mjs";

/** What goes along from page to page, as `page.carried` says it. */
const ALONG = ["project", "tz"];

/**
 * Return an address that stays in the project and time zone of this one.
 * @param {string} href one of ours, relative
 * @param {string} search the query string that is left
 */
export function along(href, search = window.location.search) {
  const [path, said = ""] = href.split("?");
  const [parameters, left] = [new URLSearchParams(said), new URLSearchParams(search)];
  for (const name of ALONG) {
    if (left.get(name) && !parameters.has(name)) parameters.set(name, left.get(name));
  }
  return parameters.size ? `${path}?${parameters}` : path;
}

/**
 * Return a link to another page of ours.
 * @param {string} href
 * @param {...(Node | string)} children strings become text nodes
 */
export function link(href, ...children) {
  const made = element("a", { href: along(href) }, ...children);
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
  window.history.pushState(null, "", along(href));
  window.dispatchEvent(new PopStateEvent("popstate"));
}
