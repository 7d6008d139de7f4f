/**
 * SHA-256 (FIPS 180-4), because core has no crypto module and the schema hash
 * must be the same wherever core runs. For names and parameters, not for secrets.
 */
const isPrime = (candidate: number): boolean => {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false;
  return true;
};

const firstPrimes = (count: number): number[] => {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) if (isPrime(candidate)) primes.push(candidate);
  return primes;
};

/** The first 32 bits of the fractional part of a root, by integer search: exact, no rounding of Math.cbrt involved. */
const rootFraction = (prime: number, power: 2n | 3n): number => {
  const target = BigInt(prime) << (32n * power);
  let low = 0n;
  let high = BigInt(prime) << 32n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** power <= target) low = middle;
    else high = middle - 1n;
  }
  return Number(low & 0xffffffffn);
};

const ROUND_CONSTANTS = Uint32Array.from(firstPrimes(64), (prime) => rootFraction(prime, 3n));
const INITIAL_STATE = Uint32Array.from(firstPrimes(8), (prime) => rootFraction(prime, 2n));

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

const padded = (message: Uint8Array): DataView => {
  const blocks = Math.ceil((message.length + 9) / 64);
  const bytes = new Uint8Array(blocks * 64);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(bytes.length - 8, BigInt(message.length) * 8n);
  return view;
};

/** Digest of the bytes as 64 hexadecimal digits. */
export const sha256Hex = (message: Uint8Array): string => {
  const state = INITIAL_STATE.slice();
  const schedule = new Uint32Array(64);
  const view = padded(message);
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let t = 0; t < 16; t++) schedule[t] = view.getUint32(block + 4 * t);
    compress(state, schedule);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
};

const compress = (state: Uint32Array, schedule: Uint32Array): void => {
  const word = (t: number): number => schedule[t] ?? 0;
  for (let t = 16; t < 64; t++) {
    const [early, late] = [word(t - 15), word(t - 2)];
    const small0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const small1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    schedule[t] = word(t - 16) + small0 + word(t - 7) + small1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + big1 + ((e & f) ^ (~e & g)) + (ROUND_CONSTANTS[t] ?? 0) + word(t)) | 0;
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] = (state[i] ?? 0) + value;
  });
};

/** The bytes of a text that has only ASCII characters. @throws RangeError for any other. */
export const asciiBytes = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) throw new RangeError(`character ${i} of the text is not ASCII`);
    bytes[i] = code;
  }
  return bytes;
};
