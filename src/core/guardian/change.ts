import type { Fraction, MarketMs, WallMs } from '../units.ts';
import type { Lock } from './lock.ts';

/** A look at the limits: when, and where what it changes is written down. A step of the engine is one. */
export interface Look {
  readonly at: MarketMs;
  readonly wall: WallMs;
  readonly changes: Change[];
}

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
