import type { Scene, SceneRenderer } from '../../../ports/scene.ts';
import type { SymbolSeries } from '../hour-market.ts';
import { studyJson, tradesCsv } from '../study-json.ts';
import type { BacktestStudy } from '../study.ts';
import { distributionChart, drawdownChart, equityChart, monthChart, tradesChart } from './charts.ts';
import { reportPage } from './page.ts';

export interface ReportFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** Every file of a report: the page, a PNG of each picture, trades as CSV, everything as JSON. */
export const reportFiles = async (
  study: BacktestStudy,
  series: readonly SymbolSeries[],
  notes: readonly string[],
  draw: SceneRenderer,
): Promise<readonly ReportFile[]> => {
  const charts = chartsOf(study, series);
  const pictures: ReportFile[] = [];
  // One after the other: each needs its whole canvas in memory while it is drawn.
  for (const { name, scene } of charts) pictures.push({ name: `${name}.png`, content: await draw(scene) });
  return [
    {
      name: 'index.html',
      content: reportPage(
        study,
        charts.map(({ scene }) => scene),
        notes,
      ),
    },
    ...pictures,
    { name: 'trades.csv', content: tradesCsv(study.result.trades) },
    { name: 'backtest.json', content: studyJson(study) },
  ];
};

const chartsOf = (
  study: BacktestStudy,
  series: readonly SymbolSeries[],
): readonly { readonly name: string; readonly scene: Scene }[] => [
  { name: 'equity', scene: equityChart(study) },
  { name: 'drawdown', scene: drawdownChart(study) },
  ...series.map((each) => ({
    name: `trades-${each.symbol.replace('/', '').toLowerCase()}`,
    scene: tradesChart(study, each),
  })),
  { name: 'months', scene: monthChart(study.guarded.months) },
  { name: 'distribution', scene: distributionChart(study) },
];
