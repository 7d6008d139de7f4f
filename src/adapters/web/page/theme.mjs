// Light, dark, or as the system has it; remembered in this browser.
import { byId } from './dom.mjs';

const ORDER = ['auto', 'light', 'dark'];
const WORDS = { auto: 'as the system', light: 'light', dark: 'dark' };
const listeners = [];

const stored = () => {
  try {
    return localStorage.getItem('theme');
  } catch {
    return null;
  }
};

const apply = (theme) => {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId('theme').setAttribute('aria-label', `Colours: ${WORDS[theme]}`);
  byId('theme').title = `Colours: ${WORDS[theme]}`;
  for (const listener of listeners) listener();
};

export const startTheme = () => {
  let theme = ORDER.includes(stored()) ? stored() : 'auto';
  apply(theme);
  byId('theme').addEventListener('click', () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    try {
      localStorage.setItem('theme', theme);
    } catch {
      // A browser that keeps nothing forgets the choice with the page.
    }
    apply(theme);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(theme));
};

export const onTheme = (listener) => listeners.push(listener);

const probe = document.createElement('i');
probe.hidden = true;

/** The present colour behind a name such as `--ink`, for canvases. */
export const colour = (name) => {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
};
