import { z } from 'zod';

/** Longest words after a command. */
export const LONGEST_WORDS = 400;

/**
 * What goes over the control socket: one JSON object a line, one request a connection, any number of
 * `say` lines and then one `end` line back.
 */
export const controlRequest = z.discriminatedUnion('kind', [
  /** A command of the chat, as typed there without the slash. */
  z.strictObject({
    kind: z.literal('command'),
    name: z.string().min(1).max(40),
    arguments: z.string().max(LONGEST_WORDS),
    user: z.string().max(60),
  }),
  /** The answer to a question that an earlier request was asked. */
  z.strictObject({
    kind: z.literal('answer'),
    nonce: z.string().min(1).max(60),
    text: z.string().max(400),
    user: z.string().max(60),
  }),
  z.strictObject({
    kind: z.literal('drill'),
    name: z.enum(['round-trip', 'kill-switch', 'stale-data', 'restart', 'restart-check']),
    arguments: z.string().max(2000),
    user: z.string().max(60),
  }),
]);
export type ControlRequest = z.output<typeof controlRequest>;

const end = z.strictObject({
  kind: z.literal('end'),
  ok: z.boolean(),
  lines: z.array(z.string()),
  /** A question: answered by a request of kind `answer` with this nonce; `yes` or `no` for a confirmation. */
  question: z.strictObject({ nonce: z.string(), text: z.string(), confirms: z.boolean() }).nullable(),
});
export type ControlEnd = z.output<typeof end>;

export const controlLine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('say'), text: z.string() }),
  end,
]);
