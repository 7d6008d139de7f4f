import type { Reply } from '../../ports/chat.ts';

/** A reply of plain words. */
export const say = (title: string, ...lines: readonly string[]): Reply => ({
  title,
  blocks: lines.length === 0 ? [] : [{ kind: 'text', lines }],
});
