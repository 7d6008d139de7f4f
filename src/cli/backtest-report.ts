import { resolve } from 'node:path';
import { drawScene } from '../adapters/pictures/draw-scene.ts';
import { makeDirectory } from '../adapters/sqlite/files.ts';
import type { SymbolSeries } from '../research/backtest/hour-market.ts';
import { reportFiles } from '../research/backtest/report/files.ts';
import type { BacktestStudy } from '../research/backtest/study.ts';
import { putFiles } from '../research/put-files.ts';
import { written } from './written.ts';

/**
 * Writes the report's files: all of them, or none over those of another report.
 * @throws UserError when the folder can't be written
 */
export const writeReport = async (
  study: BacktestStudy,
  directory: string,
  series: readonly SymbolSeries[],
  notes: readonly string[],
): Promise<void> => {
  const files = await reportFiles(study, series, notes, drawScene);
  written(directory, () => {
    makeDirectory(resolve(directory));
    putFiles(directory, Object.fromEntries(files.map(({ name, content }) => [name, content])));
  });
};
