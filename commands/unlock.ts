import type { Reply } from '../src/ports/chat.ts';
import type { OperatorService, UnlockPreview } from '../src/ports/operator.ts';
import { freeText } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { cut, money } from './support/format.ts';

const NO_REASON = 'no reason given';

/** The amount typed must be the amount permitted, to the cent: a person who has read it types it. */
const sameAmount = (typed: string, permitted: number): boolean => {
  // "19,48" is how many write 19.48; with three digits behind it a comma parts thousands.
  const cleaned = typed
    .trim()
    .replace(/\s|usdt$/gi, '')
    .replace(/,(?=\d\d?$)/, '.')
    .replaceAll(',', '');
  return /^\d+(\.\d+)?$/.test(cleaned) && Number(cleaned).toFixed(2) === permitted.toFixed(2);
};

/** Of one lock's reason: all that it may name. What is cut off would be let go unseen. */
const LONGEST_REASON = 600;

/** What would be done, lock by lock and mark by mark. */
const deeds = ({ locks, baselines }: UnlockPreview): readonly string[] => [
  ...locks.map(({ reason: cause }) => `Clears · ${cut(cause, LONGEST_REASON)}`),
  ...baselines.map((line) => `Moves ${line}`),
];

const confirmation = (
  service: OperatorService,
  preview: UnlockPreview,
  reason: string,
  newLossPermitted: number | null,
): Reply => ({
  title: 'Unlock?',
  blocks: [],
  request: {
    kind: 'confirm',
    what: [
      ...deeds(preview),
      ...(newLossPermitted === null ? [] : [`Permits ${money(newLossPermitted)} of new loss today`]),
      ...preview.staying.map(({ id, clearing }) => `Stays: ${id} (clears: ${clearing})`),
      `Reason: ${reason}`,
    ],
    label: 'Unlock',
    needsCode: true,
    needsApproval: true,
    action: async (caller) =>
      service.unlock(caller, {
        ...preview.shown,
        lockIds: preview.locks.map(({ id }) => id),
        reason,
        newLossPermitted,
      }),
  },
  outcome: 'asked',
});

const askAmount = (service: OperatorService, preview: UnlockPreview, reason: string, permitted: number): Reply => ({
  title: 'Unlock?',
  blocks: [{ kind: 'text', lines: deeds(preview) }],
  request: {
    kind: 'ask',
    question: `Unlocking the daily drawdown permits up to ${money(permitted)} of new loss today. Type that amount to go on.`,
    answer: (text) =>
      sameAmount(text, permitted)
        ? confirmation(service, preview, reason, permitted)
        : {
            title: 'That is not the amount',
            blocks: [{ kind: 'text', lines: ['Nothing was unlocked. Send /unlock to begin again.'] }],
            outcome: 'wrong amount',
          },
  },
  outcome: 'asked for the amount',
});

export const unlock = defineCommand({
  name: 'unlock',
  role: 'operator',
  effect: 'loosen',
  usage: '[reason]',
  description: 'Clear the locks that wait for you (asks first)',
  example: '/unlock reviewed the three losses',
  parse: freeText(300),
  run: ({ service }, words) => {
    const preview = service.unlockPreview();
    if (preview.refusals.length > 0)
      return {
        title: 'Refused',
        blocks: [{ kind: 'text', lines: preview.refusals.map((line) => cut(line, LONGEST_REASON)) }],
        outcome: 'refused',
      };
    if (preview.locks.length === 0) {
      const staying = preview.staying.map(({ id, clearing }) => `${id} is cleared by ${clearing.replace(/^by /, '')}`);
      return {
        title: 'Nothing waits for /unlock',
        blocks: staying.length === 0 ? [] : [{ kind: 'text', lines: staying }],
        outcome: 'nothing to do',
      };
    }
    const reason = words === '' ? NO_REASON : words;
    if (preview.newLossPermitted !== null) return askAmount(service, preview, reason, preview.newLossPermitted);
    return confirmation(service, preview, reason, null);
  },
});
