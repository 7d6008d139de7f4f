// Small helpers: everything that comes from outside is put into the page as text, never as markup.
export const byId = (id) => document.getElementById(id);

/** An element: `el('div', 'card', 'text')` or `el('div', { class: 'card', title: 'x' }, child, ...)`. */
export const el = (tag, given = {}, ...children) => {
  const node = document.createElement(tag);
  const attributes = typeof given === 'string' ? { class: given } : given;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false || value === '') continue;
    node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

/** Puts a text there if it is another one: a screen reader and a selection are left alone. */
export const say = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

export const setClass = (node, className) => {
  if (node.className !== className) node.className = className;
};

/** Draws only when what is to be drawn has changed; `forget` makes the next drawing happen all the same. */
export const onChange = (draw) => {
  let last = null;
  const show = (value) => {
    const text = JSON.stringify(value);
    if (text === last) return;
    last = text;
    draw(value);
  };
  return Object.assign(show, { forget: () => (last = null) });
};

/** Buttons of which one is pressed. */
export const segments = (parent, choices, chosen, choose) => {
  const mark = (value) => {
    for (const button of parent.children)
      button.setAttribute('aria-pressed', String(button.dataset.value === String(value)));
  };
  parent.replaceChildren(
    ...choices.map(({ value, label }) => {
      const button = el('button', { type: 'button', 'data-value': value }, label);
      button.addEventListener('click', () => {
        mark(value);
        choose(value);
      });
      return button;
    }),
  );
  mark(chosen);
  return mark;
};

/**
 * A line may be dead without having broken: a question on it would wait for ever, and whoever asked could not ask
 * again.
 */
const PATIENCE = 20_000;

export const getJson = async (path, signal = AbortSignal.timeout(PATIENCE)) => {
  const answer = await fetch(path, { signal });
  if (answer.status === 401) location.assign('/');
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};

export const postJson = (path, body) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
