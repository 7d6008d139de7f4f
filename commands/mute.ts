import { DAY_MS } from '../src/core/units.ts';
import { parseDuration } from './support/arguments.ts';
import { defineToolCommand, outcomeReply } from './support/command.ts';

export const mute = defineToolCommand({
  name: 'mute',
  role: 'operator',
  effect: 'manage',
  usage: '<duration>',
  description: 'Alerts without sound for a while; locks still ring',
  example: '/mute 2h (or /mute off)',
  parse: (text) => (/^(off|0)$/i.test(text) ? { ok: true, value: 0 } : parseDuration(text, 7 * DAY_MS)),
  run: async ({ caller }, tools, span) => outcomeReply(span === 0 ? '🔔 Sound is on' : '🔕 Muted', await tools.mute(caller, span)),
});
