import type { Fraction } from '../units.ts';
import type { Lock } from './lock.ts';

/** What an evaluation of the Guardian changed; the engine turns these into recorded effects and alerts. */
export type Change =
  | { readonly type: 'lock-set'; readonly lock: Lock }
  | { readonly type: 'lock-cleared'; readonly lock: Lock; readonly by: string }
  | {
      readonly type: 'baseline';
      readonly name: 'day' | 'high-water-mark';
      readonly before: number | null;
      readonly after: number;
      readonly cause: string;
    }
  | {
      readonly type: 'drawdown-step';
      readonly name: 'daily' | 'total';
      readonly step: Fraction;
      readonly drawdown: Fraction;
      readonly limit: Fraction;
    };
