import type { Change } from '../guardian/change.ts';
import type { MarketMs, WallMs } from '../units.ts';
import type { Alert, AlertKind } from './alert.ts';
import type { EngineConfig } from './config.ts';
import type { Effect } from './effect.ts';
import type { EngineState } from './state.ts';

/** One step under way: the state being changed, the times of its input, and what it wants. */
export interface Turn {
  readonly state: EngineState;
  readonly config: EngineConfig;
  readonly at: MarketMs;
  /** Wall time that never runs backwards: for spans inside the engine. */
  readonly wall: WallMs;
  /** Wall time as the clock states it: for what other clocks compare with. */
  readonly clockWall: WallMs;
  /** What the step wants and reports; only `emit` adds to it. */
  effects: readonly Effect[];
  /** Changes of the Guardian, turned into effects and alerts at the end of the step. The state's own scratch list. */
  readonly changes: Change[];
}

/** The part of a step that a state is judged by. */
export type Moment = Pick<Turn, 'state' | 'config' | 'at' | 'wall'>;

/** What most steps want. One for all: an array for each step would cost more than the step. */
export const NO_EFFECTS: readonly Effect[] = Object.freeze([]);

/** Adds an effect to what the step wants. */
export const emit = (turn: Turn, effect: Effect): void => {
  if (turn.effects.length === 0) turn.effects = [effect];
  else (turn.effects as Effect[]).push(effect);
};

/** Adds an alert. Keys are unique per cause: kind, market time and a word. */
export const alert = (
  turn: Turn,
  kind: AlertKind,
  key: string,
  title: string,
  lines: readonly string[] = [],
  commands: readonly string[] = [],
  symbol: string | null = null,
): void => {
  const content: Alert = { kind, key: `${kind}:${key}`, title, lines, commands, symbol, at: turn.at };
  emit(turn, { type: 'alert', alert: content });
};
