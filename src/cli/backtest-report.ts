import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { drawScene } from '../adapters/pictures/draw-scene.ts';
import type { SymbolSeries } from '../research/backtest/hour-market.ts';
import { reportFiles } from '../research/backtest/report/files.ts';
import type { BacktestStudy } from '../research/backtest/study.ts';
import { written } from './written.ts';

/** Writes the report's files. @throws UserError when the folder can't be written */
export const writeReport = async (study: BacktestStudy, directory: string, series: readonly SymbolSeries[], notes: readonly string[]): Promise<void> => {
  const files = await reportFiles(study, series, notes, drawScene);
  written(directory, () => {
    makeFolder(resolve(directory));
    for (const { name, content } of files) writeFileSync(join(directory, name), content);
  });
};

/** Step by step: the recursive call of Node never returns where a file system takes no folders, such as /proc. */
const makeFolder = (path: string): void => {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
};
