import { SECOND_MS, type Milliseconds } from '../../core/units.ts';

/** An outgoing call may take this long. */
const CALL_TIMEOUT: Milliseconds = 10 * SECOND_MS;

const call = async (name: string, url: string, init: RequestInit): Promise<void> => {
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.timeout(CALL_TIMEOUT), redirect: 'error' });
  } catch (error) {
    // The cause of a fetch error names the host alone; its message may hold the address, which can be a secret.
    throw new Error(`${name} did not answer (${error instanceof Error ? error.name : 'unknown error'})`);
  }
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${name} answered ${response.status}`);
};

/** ALERT_WEBHOOK_URL: another way to reach people. The body is `{"text": ...}`, which the common chat services take. */
export const createWebhook = (url: string): { call(text: string): Promise<void> } => ({
  call: (text) =>
    call('ALERT_WEBHOOK_URL', url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    }),
});

/** HEARTBEAT_URL: a sign of life for a monitoring service. */
export const createHeartbeat = (url: string): { beat(): Promise<void> } => ({
  beat: () => call('HEARTBEAT_URL', url, { method: 'GET' }),
});
