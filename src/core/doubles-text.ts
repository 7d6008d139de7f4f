/**
 * Doubles as text and back, bit for bit: their bytes, little end first on every machine, in base64 (RFC 4648, section
 * 4). Written here because neither the language nor anything pure has it yet.
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BYTES = 8;
const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const NO_LETTER = 0xff;
const BITS = new Uint8Array(128).fill(NO_LETTER);
CODES.forEach((code, bits) => (BITS[code] = bits));

/** The four letters of up to three bytes. */
const quartet = (group: number, bytes: number): string =>
  String.fromCharCode(CODES[group >> 18] ?? 0, CODES[(group >> 12) & 63] ?? 0) +
  (bytes > 1 ? ALPHABET.charAt((group >> 6) & 63) : '=') +
  (bytes > 2 ? ALPHABET.charAt(group & 63) : '=');

/** Text from which `doublesFromText` reads the same bits. */
export const textOfDoubles = (values: Float64Array): string => {
  const view = new DataView(new ArrayBuffer(values.length * BYTES));
  for (let index = 0; index < values.length; index += 1)
    view.setFloat64(index * BYTES, values[index] ?? Number.NaN, true);
  const bytes = new Uint8Array(view.buffer);
  let text = '';
  let at = 0;
  // Eight letters at a time: a call for each letter would take most of the time.
  for (; at + 6 <= bytes.length; at += 6) {
    const first = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const second = ((bytes[at + 3] ?? 0) << 16) | ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0);
    text += String.fromCharCode(
      CODES[first >> 18] ?? 0,
      CODES[(first >> 12) & 63] ?? 0,
      CODES[(first >> 6) & 63] ?? 0,
      CODES[first & 63] ?? 0,
      CODES[second >> 18] ?? 0,
      CODES[(second >> 12) & 63] ?? 0,
      CODES[(second >> 6) & 63] ?? 0,
      CODES[second & 63] ?? 0,
    );
  }
  for (; at < bytes.length; at += 3)
    text += quartet(((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0), bytes.length - at);
  return text;
};

/** Reads what `textOfDoubles` has written. @throws RangeError when the text is not that of whole doubles. */
export const doublesFromText = (text: string): Float64Array => {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const size = (text.length / 4) * 3 - padding;
  if (text.length % 4 !== 0 || size % BYTES !== 0)
    throw new RangeError(`${text.length} letters are not the bytes of whole doubles`);
  // Room for a whole last group.
  const bytes = new Uint8Array(size + padding);
  const letters = text.length - padding;
  const bitsAt = (index: number): number => {
    if (index >= letters) return 0;
    const bits = BITS[text.charCodeAt(index)] ?? NO_LETTER;
    if (bits === NO_LETTER) throw new RangeError(`"${text.charAt(index)}" is no letter of base64`);
    return bits;
  };
  for (let from = 0, to = 0; from < text.length; from += 4, to += 3) {
    const group = (bitsAt(from) << 18) | (bitsAt(from + 1) << 12) | (bitsAt(from + 2) << 6) | bitsAt(from + 3);
    bytes[to] = group >> 16;
    bytes[to + 1] = (group >> 8) & 0xff;
    bytes[to + 2] = group & 0xff;
  }
  const view = new DataView(bytes.buffer);
  const values = new Float64Array(size / BYTES);
  for (let index = 0; index < values.length; index += 1) values[index] = view.getFloat64(index * BYTES, true);
  return values;
};
