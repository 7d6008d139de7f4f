import { limitFaults } from '../../core/risk/limits.ts';
import { fail, pass, type Finding } from '../check.ts';
import { percent, type Evidence } from '../evidence.ts';
import { readPhases, span } from './phases.ts';

/** PRODUCT section 4: what a gap through every stop may take beyond a limit. */
const GAP_ALLOWANCE = 0.005;

/** Capital protection: are the limits in place, the tested ones, and did they hold? */
export const capitalProtection = (evidence: Evidence): readonly Finding[] => [
  ceilings(evidence),
  asTested(evidence),
  worstDay(evidence),
  balance(evidence),
];

const ceilings = ({ config }: Evidence): Finding => {
  const faults = limitFaults(config.limits);
  return faults.length === 0
    ? pass('limits-within-ceilings', 'every limit is at its ceiling or tighter')
    : fail(
        'limits-within-ceilings',
        faults.map(({ name, value, bound }) => `${name} ${value}, bound ${bound}`).join('; '),
      );
};

const asTested = ({ paper, testnet }: Evidence): Finding => {
  const other = [paper, testnet].flatMap((phase) =>
    phase.status === 'read' && phase.record.withOtherLimits > 0
      ? [`${phase.mode} ${span(phase.record.withOtherLimits)}`]
      : [],
  );
  const same = [paper, testnet].every((phase) => phase.status === 'read' && phase.record.counted > 0);
  if (same)
    return pass(
      'limits-as-tested',
      other.length === 0
        ? 'tested with exactly these limits'
        : `tested with exactly these limits (other limits before: ${other.join(', ')}, not counted)`,
    );
  return fail(
    'limits-as-tested',
    other.length === 0
      ? 'these limits have not been tested in both phases'
      : `tested with other limits (${other.join(', ')}), which does not count: set the tested ones, or test these`,
  );
};

const worstDay = (evidence: Evidence): Finding => {
  const limit = evidence.config.limits.maxDailyDrawdown;
  const days = readPhases(evidence).map(({ name, phase }) => ({ name, worst: phase.record.worstDay }));
  if (days.length === 0) return fail('worst-day', 'no phase has run yet');
  const text = `deepest day: ${days.map(({ name, worst }) => `${name} ${percent(worst)}`).join(', ')}, limit ${percent(limit)}`;
  return days.some(({ worst }) => worst > limit + GAP_ALLOWANCE)
    ? fail('worst-day', `${text} and ${percent(GAP_ALLOWANCE)} for gaps`)
    : pass('worst-day', text);
};

const balance = ({ exchange, config }: Evidence): Finding => {
  const least = config.limits.minBalance;
  if (exchange.account === null)
    return fail('balance', `the account could not be read: ${exchange.accountFault ?? 'no key'}`);
  const { equity, canTrade } = exchange.account;
  if (!canTrade) return fail('balance', 'the account may not trade');
  if (equity === null) return fail('balance', 'the worth of the account is not known');
  return equity < least
    ? fail('balance', `the account is worth ${equity.toFixed(2)} USDT, at least ${least} USDT`)
    : pass('balance', `the account is worth ${equity.toFixed(2)} USDT`);
};
