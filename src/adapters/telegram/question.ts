import type { Keyboard } from './render.ts';

/**
 * How a question of the bot looks in a chat. By its looks it is known again when somebody answers it: what was open is
 * forgotten by a restart, and the answer comes all the same.
 */
export const HOW_TO_ANSWER = 'Answer with a reply to this message.';

/** `k`: the confirmation of whoever asked; `a`: the approval of a second operator. */
export type PressKind = 'k' | 'a';

const PRESS = /^([ka]):([A-Za-z0-9_-]{22}):([yn])$/;

export const questionKeyboard = (kind: PressKind, nonce: string, yes: string, no: string): Keyboard => ({
  inline_keyboard: [
    [{ text: yes, callback_data: `${kind}:${nonce}:y` }],
    [{ text: no, callback_data: `${kind}:${nonce}:n` }],
  ],
});

/** What was pressed below a question; null when the button belongs to none. */
export const readPressed = (
  data: string,
): { readonly kind: PressKind; readonly nonce: string; readonly yes: boolean } | null => {
  const [, kind, nonce = '', answer] = PRESS.exec(data) ?? [];
  return kind === undefined ? null : { kind: kind === 'k' ? 'k' : 'a', nonce, yes: answer === 'y' };
};

/** Whether a message asks something, by its last line or its buttons. */
export const isQuestion = (text: string, pressData: readonly string[]): boolean =>
  text.trimEnd().endsWith(HOW_TO_ANSWER) || pressData.some((data) => PRESS.test(data));
