import { EXIT_CODES, type ExitCode } from './exit-codes.ts';

/**
 * A mistake of the user or a refusal: its message goes to the terminal as it
 * is (one clear line a fault), without a stack, and ends the program with `exitCode`.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT_CODES.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What to print and how to exit for whatever was thrown: only the unexpected gets a stack. */
export const describeFailure = (thrown: unknown): { readonly text: string; readonly exitCode: ExitCode } => {
  if (thrown instanceof UserError) return { text: thrown.message, exitCode: thrown.exitCode };
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { text, exitCode: EXIT_CODES.failure };
};
