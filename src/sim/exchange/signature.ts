import { createHmac } from 'node:crypto';
import type { EpochMs } from '../../core/units.ts';
import { errors } from './api-error.ts';
import type { Parameters } from './parameters.ts';

export interface Credentials {
  readonly apiKey: string;
  readonly secret: string;
}

/** The key pair a simulator accepts when none is given. Worth nothing anywhere else. */
export const DEFAULT_CREDENTIALS: Credentials = {
  apiKey: 'simulatorKey000000000000000000000000000000000000000000000000demo',
  secret: 'simulatorSecret000000000000000000000000000000000000000000000demo',
};

const KEY_FORMAT = /^[A-Za-z0-9]{64}$/;
const DEFAULT_RECEIVE_WINDOW = 5000;
const MAX_RECEIVE_WINDOW = 60_000;
const CLOCK_LEAD = 1000;

/** @throws ApiError -2014 for a key of the wrong form, -2015 for an unknown one. */
export const checkKey = (sent: string | undefined, credentials: Credentials): void => {
  if (sent === credentials.apiKey) return;
  throw sent !== undefined && KEY_FORMAT.test(sent) ? errors.badKey() : errors.keyFormat();
};

let newest = { payload: '', secret: '', signature: '' };

/**
 * The exchange's signature of what is sent, in hexadecimal. The newest is kept: in the simulation who signs and who
 * checks are one process.
 */
export const sign = (payload: string, secret: string): string => {
  if (payload !== newest.payload || secret !== newest.secret)
    newest = { payload, secret, signature: createHmac('sha256', secret).update(payload).digest('hex') };
  return newest.signature;
};

/** What is signed: query string and body as sent, one after the other, without the signature itself. */
const signedPayload = (query: string, body: string): string => unsigned(query) + unsigned(body);

const unsigned = (part: string): string =>
  part === ''
    ? ''
    : part
        .split('&')
        .filter((pair) => !pair.startsWith('signature='))
        .join('&');

/**
 * The exchange's checks of a signed request, in its order. `now` is the wall clock.
 * @throws ApiError -1102, -1131, -1021 or -1022.
 */
export const checkSignature = (
  parameters: Parameters,
  raw: { readonly query: string; readonly body: string },
  credentials: Credentials,
  now: EpochMs,
): void => {
  const timestamp = parameters.time('timestamp');
  if (timestamp === undefined) throw errors.mandatory('timestamp');
  const signature = parameters.requiredText('signature');
  const window = parameters.decimal('recvWindow');
  const receiveWindow = window === undefined ? DEFAULT_RECEIVE_WINDOW : Number(window) / 1e8;
  if (receiveWindow > MAX_RECEIVE_WINDOW) throw errors.receiveWindow();
  if (timestamp >= now + CLOCK_LEAD) throw errors.aheadOfServer();
  if (now - timestamp > receiveWindow) throw errors.outsideWindow();
  // A secret that is worth nothing needs no comparison in constant time.
  if (signature.toLowerCase() !== sign(signedPayload(raw.query, raw.body), credentials.secret))
    throw errors.badSignature();
};
