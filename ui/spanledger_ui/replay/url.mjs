// The selected event, and the part of the timeline that is looked at, in the address bar. Pure but for
// `write` and `look`.

/**
 * Return the event a query string names, or null.
 * @param {string} search
 * @returns {string | null}
 */
export function eventIn(search) {
  return new URLSearchParams(search).get("event");
}

/**
 * Return the session a query string names, or null.
 * @param {string} search
 * @returns {string | null}
 */
export function sessionIn(search) {
  return new URLSearchParams(search).get("session");
}

/**
 * Tell whether a query string is a share link's: there is nothing else to go to.
 * @param {string} search
 */
export function isShared(search) {
  return new URLSearchParams(search).has("share");
}

/**
 * Return the part of the timeline that a query string looks at, or null.
 * @param {string} search
 * @returns {string | null}
 */
export function partIn(search) {
  return new URLSearchParams(search).get("zoom");
}

/**
 * Put the part of the timeline that is looked at into the address bar; null takes it out.
 * @param {string | null} part
 */
export function look(part) {
  const parameters = new URLSearchParams(window.location.search);
  if (parameters.get("zoom") === part) return;
  if (part === null) parameters.delete("zoom");
  else parameters.set("zoom", part);
  window.history.replaceState(window.history.state, "", `${window.location.pathname}?${parameters}`);
}

/**
 * Return a query string that names this event and keeps all else.
 * @param {string} search
 * @param {string} key
 */
export function withEvent(search, key) {
  const parameters = new URLSearchParams(search);
  parameters.set("event", key);
  return `?${parameters}`;
}

/**
 * Put an event into the address bar: a chosen one as a new entry, so that Back returns from it,
 * one that was stepped to in place of the last.
 * @param {string} key
 * @param {boolean} chosen
 */
export function write(key, chosen) {
  const search = withEvent(window.location.search, key);
  if (search === window.location.search) return;
  const address = window.location.pathname + search;
  if (chosen) window.history.pushState(window.history.state, "", address);
  else window.history.replaceState(window.history.state, "", address);
}
