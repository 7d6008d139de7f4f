/** Exit codes of the program; operators' scripts and the systemd unit rely on them (PRODUCT section 13). */
export const EXIT_CODES = Object.freeze({
  done: 0,
  failure: 1,
  /** Usage or configuration. */
  usage: 2,
  /** Refused by a safety condition: live gate, failed audit, foreign database. */
  refused: 3,
});

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
