import { toNumber, ZERO } from '../../core/decimal.ts';
import type { TradeEffect } from '../../core/engine/effect.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { quantityOf } from '../../core/ledger/ledger.ts';
import type { EpochMs, SymbolName } from '../../core/units.ts';
import { timeLocked, type EquityCurve, type LockSpan, type RunRecord } from './record.ts';
import { equityNow } from './walk.ts';

export interface BacktestResult {
  readonly from: EpochMs;
  /** Where the run ended: `to`, or earlier when it was stopped. */
  readonly to: EpochMs;
  /** Hourly candles decided on, all symbols. */
  readonly candles: number;
  readonly orderHash: string;
  readonly orders: number;
  readonly fills: number;
  readonly orderLines: readonly string[];
  readonly trades: readonly TradeEffect[];
  readonly openPositions: readonly {
    readonly symbol: SymbolName;
    readonly quantity: number;
    readonly since: EpochMs | null;
  }[];
  readonly curve: EquityCurve;
  readonly openingBalance: number;
  readonly finalEquity: number;
  readonly locks: readonly LockSpan[];
  readonly timeLocked: { readonly halted: number; readonly noEntries: number };
  readonly decisions: RunRecord['decisions'];
  readonly denials: Readonly<Record<string, number>>;
  readonly fees: number;
  /** The lock that ended the run before its time, or null. */
  readonly stopped: { readonly at: EpochMs; readonly lock: string } | null;
}

/** What a run is known by apart from what the engine did. */
export interface RunFrame extends Pick<BacktestResult, 'from' | 'to' | 'candles' | 'openingBalance' | 'stopped'> {
  readonly symbols: readonly SymbolName[];
}

/** What a run has come to, from the engine's last state and the record of its effects. */
export const resultOf = (state: EngineState, record: RunRecord, { symbols, ...frame }: RunFrame): BacktestResult => {
  const { orders, trades, locks, decisions, denials, fees } = record;
  const open = Object.values(state.symbols).filter(({ managed }) => managed !== null);
  return {
    ...frame,
    orderHash: orders.hash(),
    orders: orders.orders,
    fills: orders.fills,
    orderLines: orders.lines(),
    trades,
    openPositions: open.map(({ symbol }) => ({
      symbol,
      quantity: toNumber(quantityOf(state.ledger, symbol)),
      since: state.ledger.positions[symbol]?.trade?.openedAt ?? null,
    })),
    curve: record.curve(),
    finalEquity: equityNow(state) ?? record.lastEquity,
    locks,
    timeLocked: timeLocked(locks, symbols, frame.from, frame.to),
    decisions,
    denials,
    // Trades tell theirs when they close; what is open has paid for its entry.
    fees: open.reduce((sum, { symbol }) => sum + toNumber(state.ledger.positions[symbol]?.trade?.fees ?? ZERO), fees),
  };
};
