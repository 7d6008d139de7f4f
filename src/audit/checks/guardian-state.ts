import { utcMinute } from '../../core/words.ts';
import { fail, pass, warn, type Finding } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { passedDrill, readPhases, uncountedDrill } from './phases.ts';

/** Guardian state: do locks hold, and can somebody unlock? */
export const guardianState = (evidence: Evidence): readonly Finding[] => [
  locksHold(evidence),
  locksInForce(evidence),
  staleData(evidence),
  operators(evidence),
];

const locksHold = (evidence: Evidence): Finding => {
  const broken = readPhases(evidence).filter(({ phase }) => phase.record.entriesUnderLock > 0);
  return broken.length === 0
    ? pass('locks-hold', 'no entry was placed while a lock was in force')
    : fail(
        'locks-hold',
        `entries placed under a lock: ${broken.map(({ name, phase }) => `${name} ${phase.record.entriesUnderLock}`).join(', ')}`,
      );
};

/** Locks of the mode's own database hold when it starts, which is right; they only have to be known. */
const locksInForce = ({ own }: Evidence): Finding => {
  if (own.status === 'missing')
    return own.exists
      ? fail('locks-in-force', `not known: ${own.why}`)
      : pass('locks-in-force', 'a new database: no lock');
  const locks = own.record.locks.filter((lock) => !/^(stale-data|clock-skew|volatility)/.test(lock));
  return locks.length === 0
    ? pass('locks-in-force', 'no lock waits for an operator')
    : warn('locks-in-force', `in force: ${locks.join('; ')}`);
};

const staleData = ({ paper, testnet }: Evidence): Finding => {
  const drill = passedDrill([paper, testnet], 'stale-data');
  return drill === null
    ? fail(
        'stale-data-drill',
        `silent market data were never drilled: run \`guardian drill stale-data\` in paper or testnet${uncountedDrill([paper, testnet], 'stale-data')}`,
      )
    : pass('stale-data-drill', `${utcMinute(drill.at)}: ${drill.text}`);
};

const operators = ({ config }: Evidence): Finding => {
  if (!config.telegramToken) return fail('operators', 'TELEGRAM_BOT_TOKEN is not set: nobody would hear of a lock');
  return config.operators === 0
    ? fail('operators', 'TELEGRAM_OPERATORS is empty: nobody could unlock')
    : pass('operators', `${config.operators} may command the bot`);
};
