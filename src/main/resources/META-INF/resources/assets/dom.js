// Builds elements. Text goes in as text only: nothing that the service sends is ever markup.

/** An element with these attributes; functions are listeners, null and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      node.addEventListener(name, value);
    } else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Changes the text only if it is another one: a screen reader must not read it again. */
export function text(node, value) {
  const wanted = String(value);
  if (node.textContent !== wanted) {
    node.textContent = wanted;
  }
}

export function show(node, shown) {
  if (node.hidden === shown) {
    node.hidden = !shown;
  }
}

export function toggle(node, name, on) {
  node.classList.toggle(name, Boolean(on));
}

/**
 * Makes the children of a list those of the items, in their order. A child stays the same element
 * while its key is there, so that it keeps the focus.
 */
export function keyed(parent, items, keyOf, create, update) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = before.get(key);
    before.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(child, place);
    }
    update?.(child, item);
  }
  before.forEach((child) => child.remove());
}

/** A list of terms: gives the element and a function that sets the description of a term; null hides it. */
export function terms(...names) {
  const list = el("dl");
  const values = new Map();
  for (const name of names) {
    const value = el("dd");
    values.set(name, value);
    list.append(el("dt", {}, name), value);
  }
  return [list, set];

  function set(name, value) {
    const node = values.get(name);
    show(node, value !== null);
    show(node.previousElementSibling, value !== null);
    text(node, value ?? "");
  }
}

/** A table that scrolls on a narrow screen, also by keyboard. */
export function table(label, heads) {
  const body = el("tbody");
  const node = el(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": label },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      body,
    ),
  );
  return [node, body];
}

/** Fills the cells of a row with texts. */
export function cells(row, ...values) {
  while (row.children.length < values.length) {
    row.append(el("td"));
  }
  values.forEach((value, i) => text(row.children[i], value));
}

const announcer = document.getElementById("announcer");

/** Lets a screen reader say it when it is idle. */
export function announce(message) {
  announcer.textContent = message;
}
