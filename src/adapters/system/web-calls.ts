import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';

import { SECOND_MS, type Milliseconds } from '../../core/units.ts';

/** An outgoing call may take this long. */
const CALL_TIMEOUT: Milliseconds = 10 * SECOND_MS;

/** What is called, and nobody it may point to: a redirect is an answer like another. */
const request = (url: string, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { request: start } = url.startsWith('https:') ? https : http;
    // A connection of its own: calls are rare, and one that the other side has closed meanwhile would fail.
    start(url, { ...options, agent: false }, resolve)
      .once('error', reject)
      // A switch of protocols (101) is neither an answer nor an error, and nothing else would end the call.
      .once('close', () => reject(Object.assign(new Error(), { code: 'closed without an answer' })))
      .end(body);
  });

const call = async (name: string, url: string, options: RequestOptions, body?: string): Promise<void> => {
  const signal = AbortSignal.timeout(CALL_TIMEOUT);
  let response: IncomingMessage;
  try {
    response = await request(url, { ...options, signal }, body);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // No more than the code: the message may hold the address, which can be a secret.
    throw new Error(
      `${name} did not answer (${signal.aborted ? `within ${CALL_TIMEOUT / SECOND_MS} s` : (code ?? 'unknown error')})`,
    );
  }
  // What it says beside its status nobody reads.
  response.on('error', () => undefined).destroy();
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) throw new Error(`${name} answered ${statusCode}`);
};

/**
 * ALERT_WEBHOOK_URL: another way to reach people. The body is `{"text": ...}`, which the common chat services take.
 * @param lookup how its name is looked up
 */
export const createWebhook = (url: string, lookup: LookupFunction): { call(text: string): Promise<void> } => ({
  call: (text) =>
    call(
      'ALERT_WEBHOOK_URL',
      url,
      { method: 'POST', headers: { 'content-type': 'application/json' }, lookup },
      JSON.stringify({ text }),
    ),
});

/** HEARTBEAT_URL: a sign of life for a monitoring service. */
export const createHeartbeat = (url: string, lookup: LookupFunction): { beat(): Promise<void> } => ({
  beat: () => call('HEARTBEAT_URL', url, { method: 'GET', lookup }),
});
