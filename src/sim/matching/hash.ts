/**
 * A stateless hash for everything that looks random in the simulator: the same
 * seed and the same question give the same answer whatever was asked before,
 * so a restart in the middle changes nothing.
 */

/** 32 bits, FNV-1a over the parts with murmur3's finaliser. */
export const hash32 = (...parts: readonly (string | number)[]): number => {
  let state = 0x811c9dc5;
  for (const part of parts) {
    const text = `${part}|`;
    for (let index = 0; index < text.length; index += 1) {
      state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
    }
  }
  state ^= state >>> 16;
  state = Math.imul(state, 0x85ebca6b);
  state ^= state >>> 13;
  state = Math.imul(state, 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
};
