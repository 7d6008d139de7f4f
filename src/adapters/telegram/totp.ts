import { createHmac, timingSafeEqual } from 'node:crypto';
import { MINUTE_MS, type EpochMs } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';

/**
 * One-time codes by time (RFC 6238 over RFC 4226): SHA-1, six digits, steps of
 * 30 s from the epoch, as the common authenticator apps make them from an
 * otpauth:// address.
 */
const STEP_MS = 30_000;
const DIGITS = 6;
const MAX_FAILURES = 5;
const BLOCK_MS = 15 * MINUTE_MS;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** @throws RangeError when the text is not base32 (RFC 4648) of at least 80 bits. */
export const decodeBase32 = (text: string): Uint8Array => {
  const clean = text.toUpperCase().replace(/[\s-]/g, '').replace(/=+$/, '');
  const bytes: number[] = [];
  let buffer = 0;
  let bits = 0;
  for (const letter of clean) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) throw new RangeError('UNLOCK_TOTP_SECRET is not base32 (letters A-Z, digits 2-7)');
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffer >> bits) & 0xff);
    }
  }
  if (bytes.length < 10) throw new RangeError('UNLOCK_TOTP_SECRET is too short: at least 16 base32 characters');
  return Uint8Array.from(bytes);
};

/** HOTP of RFC 4226: the code of a counter. */
export const codeOfStep = (key: Uint8Array, step: number, digits = DIGITS): string => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
};

export type TotpVerdict =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong'; readonly left: number }
  | { readonly kind: 'used' }
  | { readonly kind: 'blocked'; readonly until: EpochMs };

export interface TotpCheck {
  check(code: string): TotpVerdict;
}

interface TotpMemory {
  /** The highest step used. A step at or below it is never taken again. */
  readonly lastStep: number;
  readonly failures: number;
  readonly blockedUntil: EpochMs;
}

const FRESH: TotpMemory = { lastStep: -1, failures: 0, blockedUntil: 0 };
const KEY = 'telegram/totp';

const recall = (memory: ChatMemory): TotpMemory => {
  const text = memory.get(KEY);
  return text === null ? FRESH : { ...FRESH, ...(JSON.parse(text) as Partial<TotpMemory>) };
};

const sameCode = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/**
 * Checks codes: one step either side, each step once, five failures block for
 * 15 minutes. What it knows survives a restart.
 * @throws RangeError for an unusable secret.
 */
export const createTotpCheck = (secret: string, memory: ChatMemory, wallNow: () => EpochMs): TotpCheck => {
  const key = decodeBase32(secret);
  const fail = (state: TotpMemory, now: EpochMs): TotpVerdict => {
    const failures = state.failures + 1;
    const blocked = failures >= MAX_FAILURES;
    const blockedUntil = blocked ? now + BLOCK_MS : state.blockedUntil;
    memory.set(KEY, JSON.stringify({ ...state, failures: blocked ? 0 : failures, blockedUntil }));
    return blocked ? { kind: 'blocked', until: blockedUntil } : { kind: 'wrong', left: MAX_FAILURES - failures };
  };
  /**
   * Codes also fail because the clock is fast: a block of that time must not outlast the clock's being set right. It
   * begins anew.
   */
  const shortened = (state: TotpMemory, now: EpochMs): TotpMemory => {
    if (state.blockedUntil - now <= BLOCK_MS) return state;
    const begun = { ...state, blockedUntil: now + BLOCK_MS };
    memory.set(KEY, JSON.stringify(begun));
    return begun;
  };
  return {
    check: (typed) => {
      const now = wallNow();
      const state = shortened(recall(memory), now);
      if (now < state.blockedUntil) return { kind: 'blocked', until: state.blockedUntil };
      const code = typed.replace(/\s/g, '');
      const current = Math.floor(now / STEP_MS);
      if (!/^\d{6}$/.test(code)) return fail(state, now);
      const step = [current, current - 1, current + 1].find((candidate) => sameCode(codeOfStep(key, candidate), code));
      if (step === undefined) return fail(state, now);
      if (step <= state.lastStep) return { kind: 'used' };
      memory.set(KEY, JSON.stringify({ ...FRESH, lastStep: step }));
      return { kind: 'right' };
    },
  };
};
