/** Inputs whose commits are named points. */
export const COMMIT_TYPES = [
  'started',
  'history',
  'clock-skew',
  'account',
  'quotes',
  'candle',
  'prediction',
  'order-report',
  'command',
] as const;
const SEND_PURPOSES = ['entry', 'stop', 'exit'] as const;

/**
 * Every instant at which the process is killed: before and after each commit, each send, each cancellation, each alert.
 */
export const POINTS: readonly string[] = [
  ...COMMIT_TYPES.flatMap((type) => [`commit:${type}:before`, `commit:${type}:after`]),
  ...SEND_PURPOSES.flatMap((purpose) => [`send:${purpose}:before`, `send:${purpose}:after`]),
  'cancel:before',
  'cancel:after',
  'alert:before',
  'alert:after',
];

/** What the parent tells a process. */
export interface Orders {
  readonly url: string;
  readonly controlUrl: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly database: string;
  /** File to which delivered alerts are appended: the chat. */
  readonly chat: string;
  readonly symbols: readonly string[];
  /** Where to die; null: run `rounds` and stop in good order. */
  readonly point: string | null;
  /** Passes of that point that are survived. */
  readonly skip: number;
  readonly rounds: number;
  /** What wall clocks are ahead of the machine's. */
  readonly wallOffset: number;
  readonly seed: number;
}

/** Lines that a process writes, one JSON object each. */
export type Line =
  | { readonly kind: 'recovered'; readonly state: string; readonly difference: string | null }
  | { readonly kind: 'dying'; readonly point: string; readonly state: string }
  | { readonly kind: 'fatal'; readonly message: string }
  | {
      readonly kind: 'final';
      readonly cash: string;
      readonly positions: Readonly<Record<string, string>>;
      readonly unsettled: readonly string[];
      readonly working: readonly string[];
      readonly pendingAlerts: number;
      readonly journal: string | null;
      readonly trades: number;
    };
