import { counted, utcMinute } from '../../core/words.ts';
import { DAY_MS, HOUR_MS, type Milliseconds } from '../../core/units.ts';
import { fail, pass, warn, type Finding } from '../check.ts';
import type { Evidence, Phase } from '../evidence.ts';
import { passedDrill, span, spanOf, uncountedDrill } from './phases.ts';

/** PRODUCT section 11. */
const DRY_RUN_HOURS = 24;
const TESTNET_HOURS = 7 * 24;
/** Older evidence says little about the program and the exchange of today. */
const FRESH_DAYS = 30;
/** A phase may be running now, and on another host: an hour is nothing beside those days. */
const CLOCK_TOLERANCE: Milliseconds = HOUR_MS;

/**
 * Test-phase history: long enough, with this model and these limits, with trades and with the kill-switch seen at work.
 */
export const testPhases = (evidence: Evidence): readonly Finding[] => {
  const { paper, testnet } = evidence;
  return [
    duration('dry-run', 'dry run (MODE=paper)', paper, DRY_RUN_HOURS, 'PAPER_DATABASE_PATH'),
    duration('testnet', 'testnet (MODE=testnet)', testnet, TESTNET_HOURS, 'TESTNET_DATABASE_PATH'),
    sameModel(evidence),
    sameSymbols(evidence),
    closedTrades(testnet),
    killSwitch(testnet),
    fresh(evidence),
  ];
};

const duration = (name: string, title: string, phase: Phase, hours: number, key: string): Finding => {
  if (phase.status === 'missing') return fail(name, `${title}: ${phase.why}; run it, or set ${key}`);
  const { counted, withOtherModel, withOtherLimits, from, to } = phase.record;
  const rest = [
    ...(withOtherModel > 0 ? [`${span(withOtherModel)} with another model`] : []),
    ...(withOtherLimits > 0 ? [`${span(withOtherLimits)} with other limits`] : []),
  ];
  const text = `${title}: ${span(counted)} of ${span(hours)} running with this model and these limits${rest.length > 0 ? ` (not counted: ${rest.join(', ')})` : ''}`;
  if (counted < hours) return fail(name, text);
  return pass(
    name,
    from === null || to === null ? text : `${text}, ${utcMinute(from)} to ${utcMinute(to)} (${spanOf(from, to)})`,
  );
};

const sameModel = ({ paper, testnet, model }: Evidence): Finding => {
  if (model === null) return fail('same-model', 'there is no model to compare with');
  if (paper.status === 'missing' && testnet.status === 'missing')
    return fail('same-model', 'there is no phase to compare with');
  const other = [paper, testnet].flatMap((phase) =>
    phase.status === 'read' && phase.record.withOtherModel > 0 && phase.record.counted === 0
      ? [`${phase.mode}: ${span(phase.record.withOtherModel)} with another model`]
      : [],
  );
  return other.length > 0
    ? fail('same-model', `${other.join('; ')}; this one is ${model.name} (${model.hash.slice(0, 12)})`)
    : pass('same-model', `${model.name} (${model.hash.slice(0, 12)})`);
};

/** A market of its own filters and its own hours: what was seen at others says less of it. */
const sameSymbols = ({ paper, testnet, config }: Evidence): Finding => {
  const read = [paper, testnet].flatMap((phase) => (phase.status === 'read' ? [phase] : []));
  if (read.length === 0) return fail('same-symbols', 'there is no phase to compare with');
  const untried = read.flatMap(({ mode, record }) => {
    const missing = config.symbols.filter((symbol) => !record.symbols.includes(symbol));
    return missing.length === 0 ? [] : [`${mode} was run without ${missing.join(', ')}`];
  });
  return untried.length > 0
    ? warn('same-symbols', untried.join('; '))
    : pass('same-symbols', `${config.symbols.join(', ')} on ${read.map(({ mode }) => mode).join(' and ')}`);
};

const closedTrades = (testnet: Phase): Finding => {
  if (testnet.status === 'missing') return fail('closed-trades', 'no testnet database');
  const { closedTrades: closed } = testnet.record;
  return closed === 0
    ? fail('closed-trades', 'no trade was closed on testnet with this model and these limits')
    : pass('closed-trades', `${counted(closed, 'trade')} closed on testnet with this model and these limits`);
};

const killSwitch = (testnet: Phase): Finding => {
  const drill = passedDrill([testnet], 'kill-switch');
  if (drill === null || testnet.status === 'missing')
    return fail(
      'kill-switch-drill',
      `the kill-switch was not drilled on testnet: run \`guardian drill kill-switch\` there${uncountedDrill([testnet], 'kill-switch')}`,
    );
  const { killSwitches, killSwitchesCleared } = testnet.record;
  // The record of the drill has to be borne out by the journal.
  if (killSwitches === 0)
    return fail(
      'kill-switch-drill',
      'a drill is on record, yet the journal has no kill-switch with this model and these limits: run `guardian drill kill-switch` again',
    );
  return killSwitchesCleared === 0
    ? fail(
        'kill-switch-drill',
        'the kill-switch was thrown and never unlocked: send /unlock there, so that this is tested, too',
      )
    : pass('kill-switch-drill', `${utcMinute(drill.at)}: ${drill.text}; unlocked ${killSwitchesCleared} times`);
};

const fresh = ({ at, paper, testnet }: Evidence): Finding => {
  const ends = [paper, testnet].flatMap((phase) =>
    phase.status === 'read' && phase.record.to !== null ? [phase.record.to] : [],
  );
  if (ends.length < 2) return fail('evidence-age', 'a phase is missing');
  // A clock that ran ahead would keep what it dated fresh for as long as it was off.
  const newest = Math.max(...ends);
  if (newest > at + CLOCK_TOLERANCE)
    return fail(
      'evidence-age',
      `a phase ends at ${utcMinute(newest)}, which is still to come: its clock was off, or this one is; repeat it with the right time`,
    );
  const days = (at - Math.min(...ends)) / DAY_MS;
  return days > FRESH_DAYS
    ? warn('evidence-age', `the older phase ended ${days.toFixed(0)} days ago`)
    : pass('evidence-age', `the older phase ended ${Math.max(0, days).toFixed(1)} days ago`);
};
