// The model with its drift, health with the age of the data, and the readiness audit.
import { byId, el, onChange, say, setClass } from './dom.mjs';
import { base, signedPercent, stamp } from './format.mjs';

/** Above this a distribution has shifted (core/features/drift.ts). */
const DRIFT_LIMIT = 0.25;
const DRIFT_SHOWN = 5;
const DRIFT_HOURS = 500;

const facts = (rows) =>
  el('dl', 'facts', ...rows.flatMap(([name, ...value]) => [el('dt', {}, name), el('dd', {}, ...value)]));

/** @param index null = not known in any live row, which is as bad as a bar can be */
const driftBar = (name, index) => {
  const share = index === null ? 1 : Math.min(1, index / (2 * DRIFT_LIMIT));
  const level = index === null || index > DRIFT_LIMIT ? 'bad' : index > 0.1 ? 'warn' : 'good';
  const fill = el('div', { class: 'fill', 'data-level': level });
  fill.style.transform = `scaleX(${share})`;
  const limit = el('i');
  limit.style.left = '50%';
  return el(
    'div',
    'bars-row',
    el('span', { class: 'bars-name', title: name }, name.replaceAll('_', ' ')),
    el('div', { class: 'track', 'aria-hidden': 'true' }, fill, limit),
    el('span', 'number', index?.toFixed(2) ?? 'unknown'),
  );
};

const drift = (report) => {
  if (report === null) return [el('p', 'soft small', 'Drift: the card has no reference to compare with.')];
  if (report.prediction === null)
    return [el('p', 'soft small', `Drift is judged from ${DRIFT_HOURS} hours on; ${report.hours} so far.`)];
  return [
    el('p', 'soft small', `Drift from training over ${report.hours} hours; above ${DRIFT_LIMIT} has shifted.`),
    el(
      'div',
      'bars',
      driftBar('prediction', report.prediction),
      ...report.features.slice(0, DRIFT_SHOWN).map(({ name, index }) => driftBar(name, index)),
    ),
  ];
};

const drawModel = onChange((model) => {
  if (model === null) {
    say(byId('model-chip'), 'none');
    byId('model').replaceChildren(el('p', 'callout warn', 'No valid model is loaded: exits only.'));
    return;
  }
  say(byId('model-chip'), model.purpose);
  byId('model').replaceChildren(
    el(
      'p',
      `callout ${model.edge.startsWith('no ') ? 'warn' : ''}`,
      `${model.edge.charAt(0).toUpperCase()}${model.edge.slice(1)}.`,
    ),
    facts([
      ['Name', model.name],
      ['File', el('span', { class: 'mono', title: model.hash }, model.hash.slice(0, 12))],
      ...(model.trainedThrough === null ? [] : [['Trained through', stamp(model.trainedThrough)]]),
      ['Target, stop', `${signedPercent(model.takeProfit, 1)}, ${signedPercent(-model.stopLoss, 1)}`],
      ['Horizon', `${model.horizonHours} h`],
      ...model.predictions.map(({ symbol, probability }) => [`Last, ${base(symbol)}`, probability.toFixed(3)]),
    ]),
    el('div', { class: 'bars' }, ...drift(model.drift)),
  );
});

const SIGNS = { true: ['✓', 'good'], false: ['✕', 'bad'], null: ['?', 'warn'] };

const drawHealth = onChange(({ ok, checks }) => {
  // `ok` is that the machine goes on; what it knows may still be too little to trade by.
  const troubled = checks.filter((check) => check.ok === false).length;
  say(byId('health-chip'), ok ? (troubled === 0 ? 'well' : `${troubled} to look at`) : 'not well');
  setClass(byId('health-chip'), `chip ${ok ? (troubled === 0 ? 'good' : 'warn') : 'bad'}`);
  byId('health').replaceChildren(
    ...checks.map(({ name, ok: one, detail }) => {
      const [sign, kind] = SIGNS[String(one)];
      return el(
        'li',
        {},
        el('span', { class: `mark ${kind}`, 'aria-hidden': 'true' }, sign),
        el('span', {}, name, el('span', 'hidden', one === null ? ' unknown' : one ? ' good' : ' bad')),
        el('span', 'detail', detail),
      );
    }),
  );
});

const verdict = { PASS: 'good', WARN: 'warn', FAIL: 'bad' };

const drawAudit = onChange((readiness) => {
  setClass(
    byId('audit-chip'),
    readiness === null ? 'chip' : `chip ${readiness.checks.some((check) => check.verdict === 'FAIL') ? 'bad' : 'good'}`,
  );
  say(
    byId('audit-chip'),
    readiness === null ? 'never run' : `${readiness.checks.filter((check) => check.verdict === 'FAIL').length} fail`,
  );
  if (readiness === null) {
    byId('audit').replaceChildren(
      el('p', 'callout', 'Before real money the bot proves itself: eight domains, judged from evidence.'),
      el(
        'p',
        'soft small',
        'Run ',
        el('code', 'mono', 'npm run audit'),
        ' on the server; the result shows here. Any FAIL keeps the live mode from starting.',
      ),
    );
    return;
  }
  const worst = readiness.checks.filter((check) => check.verdict !== 'PASS');
  byId('audit').replaceChildren(
    el('p', {}, el('span', 'score', String(readiness.score)), el('span', 'soft', ` of 100, ${stamp(readiness.at)}`)),
    el(
      'ul',
      'checks',
      ...(worst.length === 0
        ? [el('li', {}, el('span', 'mark good', '✓'), 'Every check passes')]
        : worst.map((check) =>
            el(
              'li',
              { title: check.evidence },
              el('span', `mark ${verdict[check.verdict]}`, check.verdict === 'FAIL' ? '✕' : '!'),
              el('span', {}, check.name),
              el('span', 'detail', check.evidence),
            ),
          )),
    ),
  );
});

/** Ages change with every look; a list that is redrawn once a second reads as calm. */
let healthAt = 0;
export const showModel = ({ model, health, readiness }) => {
  drawModel(model);
  drawAudit(readiness);
  if (performance.now() - healthAt < 900) return;
  healthAt = performance.now();
  drawHealth(health);
};
