// Elements, made without HTML: what a trace says only ever becomes text.

/**
 * Return a new element.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children strings become text nodes
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * Return a button that runs `act`.
 * @param {string} face what it shows
 * @param {string} label what it is called
 * @param {() => void} act
 */
export function button(face, label, act) {
  const made = element("button", { type: "button", title: label, "aria-label": label }, face);
  made.addEventListener("click", act);
  return made;
}
