import type { BacktestStudy } from '../research/backtest/study.ts';
export const compareWithDatabase = (_study: BacktestStudy, _database: string): readonly string[] => { throw new Error('soon'); };
