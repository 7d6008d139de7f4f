import { counted, utcMinute } from '../../core/words.ts';
import { DAY_MS } from '../../core/units.ts';
import { fail, pass, warn, type Finding } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { passedDrill, readPhases, uncountedDrill } from './phases.ts';

/** The timer makes one a day. */
const BACKUP_DAYS = 2;

/** Crash recovery: is everything on record, does it replay, can it be restored? */
export const crashRecovery = (evidence: Evidence): readonly Finding[] => [
  replays(evidence),
  restart(evidence),
  backups(evidence),
];

const replays = (evidence: Evidence): Finding => {
  const phases = readPhases(evidence);
  if (phases.length === 0) return fail('journal-replays', 'there is no journal');
  const different = phases.flatMap(({ name, phase: { record } }) =>
    record.difference === null ? [] : [{ name, ...record.difference }],
  );
  // Another engine may decide otherwise and is no fault; this one has to give what it gave.
  const broken = different.filter((found) => found.engineVersion === evidence.engineVersion);
  if (broken.length > 0)
    return fail(
      'journal-replays',
      `does not replay to what is on record: ${broken.map(({ name, sequence }) => `${name} from entry ${sequence}`).join(', ')}; see guardian replay --verify`,
    );
  if (different.length > 0)
    return warn(
      'journal-replays',
      `another engine version wrote ${different.map(({ name, sequence, engineVersion }) => `${name} (${engineVersion}, decides otherwise from entry ${sequence})`).join(', ')}`,
    );
  return pass(
    'journal-replays',
    phases
      .map(
        ({ name, phase }) =>
          `${name}: ${counted(phase.record.entries, 'entry', 'entries')}${phase.whole ? '' : ' since its newest snapshot'} bit for bit`,
      )
      .join(', '),
  );
};

const restart = ({ paper, testnet }: Evidence): Finding => {
  const drill = passedDrill([paper, testnet], 'restart');
  if (drill === null)
    return fail(
      'restart-drill',
      `a crash was never drilled: run \`guardian drill restart\` in paper or testnet${uncountedDrill([paper, testnet], 'restart')}`,
    );
  const crashes = [paper, testnet].reduce(
    (sum, phase) => sum + (phase.status === 'read' ? phase.record.crashes : 0),
    0,
  );
  return crashes === 0
    ? fail('restart-drill', 'a drill is on record, yet no journal has a start without a stop before it')
    : pass('restart-drill', `${utcMinute(drill.at)}: ${drill.text}; ${crashes} crashes recovered from`);
};

const backups = ({ host, at }: Evidence): Finding => {
  const { backup } = host;
  if (backup === null)
    return warn('backups', 'no backup yet: enable guardian-bot-backup.timer, or run `guardian backup`');
  if (backup.fault !== null) return fail('backups', `the newest backup does not open: ${backup.fault}`);
  const days = (at - backup.at) / DAY_MS;
  return days > BACKUP_DAYS
    ? warn('backups', `the newest backup is ${days.toFixed(1)} days old: ${backup.path}`)
    : pass('backups', `the newest backup opens: ${backup.path}`);
};
