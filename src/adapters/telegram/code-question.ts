import type { Alert } from '../../core/engine/alert.ts';
import type { EpochMs } from '../../core/units.ts';
import type { AskRequest, ConfirmRequest, Reply } from '../../ports/chat.ts';
import type { Caller } from '../../ports/operator.ts';
import { say } from './replies.ts';
import type { TotpCheck } from './totp.ts';

/** Whoever types wrong codes may have somebody else's phone: the others hear of it, once a block. */
export const blockedAlert = (command: string, { name, userId }: Caller, until: EpochMs, at: EpochMs): Alert => ({
  kind: 'security',
  key: `codes-blocked:${until}`,
  title: '🚨 Codes are blocked: too many were wrong',
  lines: [
    `For /${command} by ${name} (${userId}). None is taken for at most 15 minutes.`,
    'If no operator typed them, that account is in other hands: take its id out of TELEGRAM_OPERATORS and restart.',
  ],
  commands: ['/locks'],
  symbol: null,
  at,
});

/** The question for a one-time code that stands before a confirmation. What was typed is kept nowhere. */
export const codeQuestion = (
  reply: Reply,
  request: ConfirmRequest,
  totp: TotpCheck,
  onBlocked: (until: EpochMs) => void,
): Reply => {
  const ask: AskRequest = {
    kind: 'ask',
    question: 'Type the six digits of your authenticator app.',
    answer: (text) => {
      const verdict = totp.check(text);
      switch (verdict.kind) {
        case 'right':
          return { ...reply, request: { ...request, needsCode: false } };
        case 'used':
          return {
            ...say('This code was used already', 'Wait for the next one and send the command again.'),
            outcome: 'refused: code used',
          };
        case 'wrong':
          return {
            ...say('Wrong code', `Nothing was done. ${verdict.left} more and codes are blocked for 15 minutes.`),
            outcome: 'refused: wrong code',
          };
        case 'blocked':
          onBlocked(verdict.until);
          return {
            ...say('Codes are blocked', 'Too many wrong ones. Try again in at most 15 minutes.'),
            outcome: 'refused: codes blocked',
          };
      }
    },
  };
  return { ...reply, blocks: [...reply.blocks, { kind: 'text', lines: request.what }], request: ask };
};
