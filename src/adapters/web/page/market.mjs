// The demo's market: its speed, its pause, and ways to make the exchange fail.
import { byId, el, getJson, onChange, postJson, say, segments } from './dom.mjs';

const EVERY = 1_500;

let presets = [];
let markSpeed = () => undefined;

const speedLabel = (seconds) => (seconds < 1 ? `${seconds} s` : `${seconds} s`);

const drawFaults = onChange((faults) => {
  const nodes = faults.map(({ title }) => el('span', 'chip bad', title));
  if (faults.length > 0) {
    const calm = el('button', { class: 'button', type: 'button' }, 'End all');
    calm.addEventListener('click', () => change('calm', {}));
    nodes.push(calm);
  }
  byId('desk-faults').replaceChildren(...nodes);
});

const show = (market) => {
  const pause = byId('desk-pause');
  pause.setAttribute('aria-pressed', String(market.paused));
  say(pause, market.ended ? 'The market has ended' : market.paused ? 'Go on' : 'Pause the market');
  pause.disabled = market.ended;
  markSpeed(market.hourSeconds);
  drawFaults(market.faults);
};

const change = async (what, body) => {
  const answer = await postJson(`/api/market/${what}`, body).catch(() => null);
  const done = answer?.ok === true;
  if (done) show(await answer.json());
  else say(byId('desk-say'), 'The simulated exchange can’t be reached: nothing was changed.');
  return done;
};

const trouble = (preset) => {
  const button = el(
    'button',
    { class: 'trouble', type: 'button', 'data-group': preset.group, 'data-preset': preset.id, title: preset.what },
    preset.title,
  );
  button.addEventListener('click', async () => {
    if (await change('trouble', { preset: preset.id }))
      byId('desk-say').replaceChildren(
        el('b', {}, preset.title),
        `: ${preset.what} `,
        el('span', {}, `Watch: ${preset.watch}`),
      );
  });
  return button;
};

const drawTroubles = () => {
  const groups = Map.groupBy(presets, ({ group }) => group);
  byId('desk-troubles').replaceChildren(
    ...[...groups].map(([group, own]) =>
      el('div', 'desk-group', el('h3', {}, group), el('div', 'desk-chips', ...own.map(trouble))),
    ),
  );
};

const look = async () => {
  try {
    if (!document.hidden) show(await getJson('/api/market'));
  } catch {
    // The line of the board says that nothing can be reached.
  }
  setTimeout(look, EVERY);
};

/** Shows the desk where there is one. */
export const startMarket = async () => {
  const answer = await fetch('/api/market/presets');
  if (!answer.ok) return;
  presets = await answer.json();
  const market = await getJson('/api/market');
  byId('desk').hidden = false;
  markSpeed = segments(
    byId('desk-speeds'),
    market.speeds.map((value) => ({ value, label: speedLabel(value) })),
    market.hourSeconds,
    (hourSeconds) => change('speed', { hourSeconds: Number(hourSeconds) }),
  );
  byId('desk-pause').addEventListener('click', () =>
    change('pause', { paused: byId('desk-pause').getAttribute('aria-pressed') !== 'true' }),
  );
  const more = byId('desk-more');
  const fold = (open) => {
    more.setAttribute('aria-expanded', String(open));
    byId('desk-troubles').hidden = !open;
  };
  more.addEventListener('click', () => fold(more.getAttribute('aria-expanded') !== 'true'));
  fold(false);
  drawTroubles();
  show(market);
  setTimeout(look, EVERY);
};
