// The selected event in the address bar. Pure but for `write`.

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
