/** Creates elements in one expression. Text is inserted as text: nothing here parses HTML. */

/** @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string)} children */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Creates an SVG element. @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string)} children */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Sets an element's --line-color. @param {HTMLElement | SVGElement} element */
export function colored(element, color) {
  element.style.setProperty("--line-color", color);
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
