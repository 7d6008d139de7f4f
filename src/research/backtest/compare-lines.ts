import type { Cause, ComparedSignal, Side } from './compare.ts';
import { totalOf } from './compare.ts';
import { minute, price, signedMoney } from './words.ts';

const shown = (side: Side | null): string =>
  side === null
    ? '-'
    : `${price(side.entryPrice)} -> ${side.exitPrice === null ? 'open' : price(side.exitPrice)} ${side.exitReason ?? ''} ${side.pnl === null ? '' : signedMoney(side.pnl)}`.trim();

/** The comparison on a terminal. */
export const comparisonLines = (signals: readonly ComparedSignal[]): readonly string[] => {
  if (signals.length === 0) return ['Neither run traded.'];
  const causes = new Map<Cause, number>();
  for (const { cause } of signals) causes.set(cause, (causes.get(cause) ?? 0) + 1);
  return [
    `${signals.length} signals traded: ${[...causes].map(([cause, count]) => `${count} ${cause}`).join(', ')}`,
    `Closed trades: recorded ${signedMoney(totalOf(signals, 'recorded'))} USDT, backtest on the same prices ${signedMoney(totalOf(signals, 'backtest'))} USDT`,
    ...signals.flatMap((signal) => [
      `${minute(signal.signal)} ${signal.symbol}  ${signal.cause}: ${signal.why}`,
      ...(signal.cause === 'same'
        ? []
        : [`    recorded  ${shown(signal.recorded)}`, `    backtest  ${shown(signal.backtest)}`]),
    ]),
  ];
};
