/** One thing that was looked at, for people and for probes. */
export interface HealthCheck {
  readonly name: string;
  /** null = unknown, which is never good. */
  readonly ok: boolean | null;
  readonly detail: string;
}

/** Whether engine and Guardian make progress, not only whether the process answers. */
export interface Health {
  readonly ok: boolean;
  readonly checks: readonly HealthCheck[];
}
