import { SECOND_MS } from '../../core/units.ts';
import type { AlarmHook } from '../../ports/alarm.ts';

const TIMEOUT = 10 * SECOND_MS;

/**
 * The way round Telegram: POSTs `{"text": ...}` to ALERT_WEBHOOK_URL, the form
 * that chat services and automation tools take. Errors never carry the address:
 * it may hold a secret.
 * @throws RangeError when the address is not http or https.
 */
export const createAlarmHook = (address: string): AlarmHook => {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw new RangeError('ALERT_WEBHOOK_URL is not an http(s) address');
  return {
    call: async (text) => {
      let status: number;
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text }),
          redirect: 'error',
          signal: AbortSignal.timeout(TIMEOUT),
        });
        await answer.body?.cancel();
        status = answer.status;
      } catch {
        throw new Error('the alert webhook cannot be reached');
      }
      if (status < 200 || status > 299) throw new Error(`the alert webhook answered ${status}`);
    },
  };
};
