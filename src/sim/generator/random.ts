/** A seeded stream of pseudo-random numbers. The same seed gives the same numbers on every machine. */
export interface RandomStream {
  /** Uniform in [0, 1), with 32 bits of resolution. */
  readonly uniform: () => number;
  /** Standard normal, by the polar method of Marsaglia. */
  readonly normal: () => number;
}

/** FNV-1a over the characters of a name: lets streams of one seed be told apart by what they are for. */
const nameHash = (name: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
};

/**
 * Small fast counting generator (sfc32, Chris Doty-Humphrey's PractRand), seeded
 * with a number and a name, so that adding a stream never shifts another one.
 */
export const createRandomStream = (seed: number, name: string): RandomStream => {
  let a = Math.trunc(seed) | 0;
  let b = Math.trunc(seed / 4_294_967_296) | 0;
  let c = nameHash(name) | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first numbers still show the seed; sfc32's author discards twelve.
  for (let i = 0; i < 12; i++) next();
  const uniform = (): number => next() / 4_294_967_296;
  let spare = Number.NaN;
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = Number.NaN;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
  return { uniform, normal };
};
