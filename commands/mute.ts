import { DAY_MS } from '../src/core/units.ts';
import { parseDuration } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';

export const mute = defineToolCommand({
  name: 'mute',
  role: 'operator',
  effect: 'manage',
  usage: '<duration>',
  description: 'Alerts without sound for a while; locks still ring',
  example: '/mute 2h (or /mute off)',
  parse: (text) => (/^(off|0)$/i.test(text) ? { ok: true, value: 0 } : parseDuration(text, 7 * DAY_MS)),
  run: async ({ caller, times }, tools, span) => {
    const { ok, code, text } = await tools.mute(caller, span);
    const { mutedUntil } = tools.alertSettings();
    const title = !ok
      ? 'Refused'
      : mutedUntil === null
        ? '🔔 Sound is on'
        : `🔕 Muted until ${times.zoned(mutedUntil)}`;
    return { title, blocks: [{ kind: 'text', lines: [text] }], outcome: code };
  },
});
