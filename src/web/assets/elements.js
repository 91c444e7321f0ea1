// Making what stands on the page. Texts are set as texts, never as markup.

/**
 * An element: its name with classes (`p.muted`), what is set of it, and what is in it.
 * Names that begin with `on` are listeners; `aria-…`, `data-…`, `role` and the like are attributes.
 */
export function h(name, properties = {}, ...inside) {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key in element && !key.startsWith('aria')) element[key] = value;
    else if (value !== false) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...inside.flat().filter((it) => it !== null && it !== undefined && it !== false));
  return element;
}

/** Puts this in place of all that is in an element; where the keyboard is stays, if it is still there. */
export function fill(element, ...inside) {
  const { activeElement } = document;
  const key = element.contains(activeElement) ? activeElement?.dataset.key : undefined;
  element.replaceChildren(...inside.flat().filter((it) => it !== null && it !== undefined && it !== false));
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Says something to those who do not see the page, and shows errors to all. */
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}

/** Shows what went wrong, and what to do about it. */
export function complain(error) {
  const place = document.getElementById('complaints');
  const help = error.help ? h('p.help', {}, ...withCode(error.help)) : null;
  const close = h('button.quiet', { type: 'button', 'aria-label': 'Close', onclick: () => shown.remove() }, '✕');
  const shown = h('div.complaint', { role: 'alert' }, h('div', {}, h('p', {}, ...withCode(sentence(error.message))), help), close);
  place.replaceChildren(shown);
}

function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Runs something that may fail, and shows it if it does. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    complain(error);
    return undefined;
  }
}

const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const day = (unixMs) => dayFormat.format(unixMs);
export const time = (unixMs) => timeFormat.format(unixMs);
export const date = (unixMs) => dateFormat.format(unixMs);

/** How long ago, in words. */
export function ago(unixMs) {
  const seconds = Math.max(0, (Date.now() - unixMs) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return date(unixMs);
}

export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A sentence in which commands stand between backticks. */
export function withCode(text) {
  return text.split('`').map((part, place) => (place % 2 === 1 ? h('code', {}, part) : part));
}

/** An id as people compare it: groups of four. */
export function fingerprint(id) {
  return (id.slice(0, 24).match(/.{1,4}/g) ?? []).join(' ');
}

/** A question in a dialogue. Resolves to what the form holds, or to nothing if it was closed. */
export function ask(title, fields, confirm) {
  return new Promise((resolve) => {
    const form = h(
      'form',
      { method: 'dialog' },
      h('h2', {}, title),
      ...fields,
      h(
        'div.buttons',
        {},
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('button.primary', { type: 'submit', value: 'yes' }, confirm),
      ),
    );
    const dialog = h('dialog', { 'aria-label': title }, form);
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'yes' ? new FormData(form) : undefined);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A dialogue that shows something. */
export function show(title, ...inside) {
  const dialog = h(
    'dialog',
    { 'aria-label': title },
    h('h2', {}, title),
    ...inside.filter(Boolean),
    h('div.buttons', {}, h('button.primary', { type: 'button', onclick: () => dialog.close() }, 'Close')),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
