import { counted, firstSentence } from '../../core/words.ts';
import type { Reply } from '../../ports/chat.ts';
import type { CommandOutcome } from '../../ports/operator.ts';
import { say } from './replies.ts';

/** It had come about by itself, or by another operator's hand, between question and button: nobody refuses it. */
const NOTHING_LEFT: ReadonlySet<string> = new Set(['nothing-to-do', 'not-paused', 'nothing-locked']);

/**
 * How it ended. Of what was done the first sentence is the title: "done" over a sale that is under way would be read as
 * sold. What was done by half is neither done nor refused: each would hide the other half.
 */
export const ended = ({ ok, code, text }: CommandOutcome): Reply => {
  if (code === 'partly') return say('⚠️ Done in part', text);
  if (NOTHING_LEFT.has(code)) return say('Nothing left to do', text);
  if (!ok) return say('⛔ Refused', text);
  const [first, rest] = firstSentence(text);
  return say(`✅ ${first}`, ...(rest === '' ? [] : [rest]));
};

/** Whoever waits for an approval has to know that nobody was asked for it. */
export const notAsked = (operator: number, why: string, command: string, others: number): Reply =>
  say(
    `Operator ${operator} was not asked`,
    `The bot cannot write to them: ${why}`,
    others > 0
      ? `${counted(others, 'other was', 'others were')} asked, so far as is known.`
      : `Nobody else is left to approve. When they have unblocked the bot or sent it /start, send /${command} again.`,
  );
