import { fail, pass, warn, type Finding } from '../check.ts';
import { percent, type Evidence } from '../evidence.ts';
import { readPhases } from './phases.ts';

/** PRODUCT section 4: above this the clock locks; below half of it, it is released. */
const SKEW_LIMIT = 1_000;
const SKEW_GOOD = 500;
/** Hours for which there was no prediction, as a share. */
const FAILED_PREDICTIONS_LIMIT = 0.01;

/** Live data ingestion: does the bot see the market, all of it, in time? */
export const liveData = (evidence: Evidence): readonly Finding[] => [
  exchangeReachable(evidence),
  clockSkew(evidence),
  clockHistory(evidence),
  candleGaps(evidence),
  predictions(evidence),
];

const exchangeReachable = ({ exchange }: Evidence): Finding =>
  exchange.fault === null
    ? pass('exchange-reachable', 'the exchange answers')
    : fail('exchange-reachable', `the exchange does not answer: ${exchange.fault}`);

const clockSkew = ({ exchange: { skew } }: Evidence): Finding => {
  if (skew === null) return fail('clock-skew', 'the difference to the exchange clock could not be measured');
  const text = `this clock and the exchange's differ by ${Math.round(Math.abs(skew))} ms`;
  if (Math.abs(skew) > SKEW_LIMIT)
    return fail('clock-skew', `${text}, at most ${SKEW_LIMIT} ms: keep time with systemd-timesyncd or chrony`);
  return Math.abs(skew) > SKEW_GOOD ? warn('clock-skew', text) : pass('clock-skew', text);
};

const clockHistory = (evidence: Evidence): Finding => {
  const worst = readPhases(evidence)
    .map(({ name, phase }) => ({ name, skew: phase.record.largestSkew }))
    .filter(({ skew }) => skew !== null);
  if (worst.length === 0) return fail('clock-history', 'no phase has measured the clock');
  const beyond = worst.filter(({ skew }) => (skew ?? 0) > SKEW_LIMIT);
  const text = worst.map(({ name, skew }) => `${name} ${Math.round(skew ?? 0)} ms`).join(', ');
  return beyond.length > 0
    ? warn('clock-history', `largest difference on record: ${text}; above ${SKEW_LIMIT} ms entries stop`)
    : pass('clock-history', `largest difference on record: ${text}`);
};

const candleGaps = (evidence: Evidence): Finding => {
  const phases = readPhases(evidence);
  if (phases.length === 0) return fail('candle-gaps', 'no phase has recorded candles');
  const gaps = phases.filter(({ phase }) => phase.record.missingCandles > 0);
  if (gaps.length === 0)
    return pass('candle-gaps', `no closed candle is missing (${phases.map(({ name }) => name).join(', ')})`);
  return fail(
    'candle-gaps',
    `closed candles that never came: ${gaps.map(({ name, phase }) => `${name} ${phase.record.missingCandles}`).join(', ')}; repeat the phase on a steady connection`,
  );
};

const predictions = (evidence: Evidence): Finding => {
  const total = readPhases(evidence).reduce((sum, { phase }) => sum + phase.record.predictions, 0);
  const failed = readPhases(evidence).reduce((sum, { phase }) => sum + phase.record.failedPredictions, 0);
  if (total === 0) return fail('predictions', 'no hour has been decided yet');
  const text = `${failed} of ${total} hours without a prediction (${percent(failed / total)})`;
  return failed / total > FAILED_PREDICTIONS_LIMIT
    ? fail('predictions', `${text}, at most ${percent(FAILED_PREDICTIONS_LIMIT)}`)
    : pass('predictions', text);
};
