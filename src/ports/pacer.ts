/** Decides when the loop looks at the market again. */
export interface Pacer {
  /**
   * Called when the bot has nothing left to do. Resolves when there is something to look at:
   * `wake` as a rule, `ended` when the market has no more data (a simulated series is over).
   */
  next(signal: AbortSignal): Promise<'wake' | 'ended'>;
}
