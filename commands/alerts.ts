import type { AlertKind } from '../src/core/engine/alert.ts';
import type { AlertMode } from '../src/ports/operator-tools.ts';
import { defineToolCommand, outcomeReply } from './support/command.ts';

const MODES: readonly AlertMode[] = ['on', 'silent', 'off'];

/** Nothing = show them. The kinds are known to the settings alone, so the kind is checked in run. */
const parse = (text: string) => {
  if (text === '') return { ok: true as const, value: null };
  const [kind = '', mode = '', ...rest] = text.toLowerCase().split(/\s+/);
  const known = MODES.find((candidate) => candidate === mode);
  if (known === undefined || rest.length > 0)
    return { ok: false as const, help: 'takes a kind and one of on, silent, off' };
  return { ok: true as const, value: { kind, mode: known } };
};

export const alerts = defineToolCommand({
  name: 'alerts',
  role: 'operator',
  effect: 'manage',
  usage: '<kind> <on, silent, off>',
  description: 'Which alerts come, and with sound',
  example: '/alerts data silent',
  parse,
  run: async ({ caller, times }, tools, wanted) => {
    const view = tools.alertSettings();
    const kinds = Object.keys(view.modes) as AlertKind[];
    if (wanted === null) {
      return {
        title: 'Alerts',
        blocks: [
          { kind: 'fields', rows: kinds.map((kind) => [kind, view.modes[kind]] as const) },
          {
            kind: 'text',
            lines: [
              view.mutedUntil === null
                ? 'Not muted.'
                : `Muted until ${times.zoned(view.mutedUntil)}; locks still ring.`,
              'Change one: /alerts data silent',
            ],
          },
        ],
      };
    }
    const kind = kinds.find((candidate) => candidate === wanted.kind);
    if (kind === undefined)
      return {
        title: `/alerts: there is no kind "${wanted.kind.slice(0, 30)}"`,
        blocks: [{ kind: 'text', lines: [`Kinds: ${kinds.join(', ')}`] }],
        outcome: 'wrong argument',
      };
    if (kind === 'lock' && wanted.mode !== 'on')
      return {
        title: 'Refused',
        blocks: [{ kind: 'text', lines: ['Lock alerts are always on.'] }],
        outcome: 'refused',
      };
    return outcomeReply('🔔 Changed', await tools.setAlertMode(caller, kind, wanted.mode));
  },
});
