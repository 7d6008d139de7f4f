/** Replaces every secret in a text. */
export type Redactor = (text: string) => string;

const REDACTED = '[redacted]';

/** Shorter values would blank out half the log, and are no secrets worth the name. */
const SHORTEST_SECRET = 6;

/** Secrets recognised by their shape, so that a value nobody registered is hidden too. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // Bot tokens, bare or inside a Bot API address.
  [/\b\d{5,}:[A-Za-z0-9_-]{30,}/g, REDACTED],
  [/\/bot\d+:[A-Za-z0-9_-]+/g, `/bot${REDACTED}`],
  // Signed requests: without its signature a captured address cannot be replayed.
  [/(signature(?:=|%3D|"\s*:\s*"|\\"\s*:\s*\\"))[0-9A-Za-z%+/=_-]{16,}/gi, `$1${REDACTED}`],
  [/((?:X-MBX-APIKEY|authorization)\\?["']?\s*[:=]\s*\\?["']?(?:Bearer\s+)?)[^\s"'\\,}]{6,}/gi, `$1${REDACTED}`],
  // User names and passwords in addresses.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, `$1${REDACTED}@`],
];

const insideJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/**
 * The forms in which one value can turn up: as it is, inside JSON (also JSON within JSON), in an address, in a form
 * body.
 */
const spellings = (secret: string): readonly string[] => {
  const encoded = encodeURIComponent(secret);
  return [
    secret,
    insideJson(secret),
    insideJson(insideJson(secret)),
    encoded,
    encoded.replaceAll('%20', '+'),
    encoded.toLowerCase(),
  ];
};

/**
 * A redactor for these values and for the shapes above. Longest first, so that one secret inside another leaves no
 * rest.
 */
export const createRedactor = (secrets: readonly string[]): Redactor => {
  const values = [...new Set(secrets.filter((secret) => secret.length >= SHORTEST_SECRET).flatMap(spellings))];
  values.sort((a, b) => b.length - a.length);
  return (text) => {
    let result = text;
    for (const value of values) result = result.replaceAll(value, REDACTED);
    for (const [shape, replacement] of SHAPES) result = result.replace(shape, replacement);
    return result;
  };
};
