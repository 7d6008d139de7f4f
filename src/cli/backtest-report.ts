import type { SymbolSeries } from '../research/backtest/hour-market.ts';
import type { BacktestStudy } from '../research/backtest/study.ts';
export const writeReport = async (_study: BacktestStudy, _directory: string, _series: readonly SymbolSeries[]): Promise<void> => { await Promise.resolve(); throw new Error('soon'); };
