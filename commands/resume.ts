import type { CommandOutcome, LockView, OperatorService } from '../src/ports/operator.ts';
import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { cut } from './support/format.ts';

const pauseOf = (service: OperatorService): LockView | undefined =>
  service.locks().find(({ kind }) => kind === 'operator-pause');

const PAUSED_ANEW: CommandOutcome = {
  ok: false,
  code: 'refused',
  text: 'Somebody has paused anew since this was shown. Send /resume again.',
};

export const resume = defineCommand({
  name: 'resume',
  role: 'operator',
  effect: 'loosen',
  usage: '',
  description: 'End a /pause (asks first)',
  example: '/resume',
  parse: none,
  run: ({ service, times }) => {
    const shown = pauseOf(service);
    const others = service.locks().filter(({ kind }) => kind !== 'operator-pause');
    const staying = others.length === 0 ? [] : [`These locks stay: ${others.map(({ id }) => id).join(', ')}`];
    if (shown === undefined)
      return {
        title: 'Not paused',
        blocks: staying.length === 0 ? [] : [{ kind: 'text', lines: staying }],
        outcome: 'nothing to do',
      };
    return {
      title: 'Resume trading?',
      blocks: [],
      request: {
        kind: 'confirm',
        what: [
          `Ends the pause of ${times.zoned(shown.since)}. ${cut(shown.reason, 160)}`,
          ...(staying.length === 0 ? ['New entries are allowed again.'] : staying),
        ],
        label: 'Resume trading',
        needsCode: false,
        needsApproval: false,
        // A pause set meanwhile is somebody's newer wish: it stays.
        action: async (caller) => {
          const now = pauseOf(service);
          return now !== undefined && now.serial !== shown.serial ? PAUSED_ANEW : service.resume(caller);
        },
      },
      outcome: 'asked',
    };
  },
});
