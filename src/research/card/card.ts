import type { DriftReference } from '../../core/features/drift.ts';
import type { SymbolName } from '../../core/units.ts';
import type { GbdtOptions } from '../gbdt/train-gbdt.ts';
import type { ModelMetadata } from '../onnx/model-file.ts';

/** One series a model was trained on. Times are ISO 8601, UTC. */
export interface CardSeries {
  readonly symbol: SymbolName;
  readonly source: string;
  readonly candles: number;
  /** First and last open time. */
  readonly from: string;
  readonly to: string;
  /** SHA-256 of the columns as read, not of the file: compression does not matter. */
  readonly sha256: string;
}

/** What every card says; docs/model.md explains it. Fractions, not percentages. */
export interface CardBase {
  readonly format: 'guardian-card/1';
  readonly name: string;
  readonly purpose: ModelMetadata['purpose'];
  /** The verdict in plain words. */
  readonly summary: string;
  readonly modelSha256: string;
  readonly modelBytes: number;
  readonly schemaHash: string;
  readonly featureCount: number;
  readonly barriers: {
    readonly stop: number;
    readonly target: number;
    readonly horizonHours: number;
    readonly entrySlippage: number;
  };
  readonly margin: number;
  readonly demonstratedEdge: boolean;
  readonly training: {
    readonly parameters: GbdtOptions;
    readonly rows: number;
    readonly holdoutRows: number;
    readonly trees: number;
    readonly calibration: { readonly slope: number; readonly intercept: number };
    /** Share of the trees' gain by feature, highest first. */
    readonly importance: readonly { readonly feature: string; readonly share: number }[];
  };
  readonly data: readonly CardSeries[];
  readonly reference: DriftReference;
}

/** JSON with rounded figures: the same on every machine, and no longer than it is precise. */
export const cardJson = (card: CardBase): string =>
  `${JSON.stringify(card, (_, value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(9)) : value), 2)}\n`;

/** Bins and lists of numbers on one line each: a card is read by people too. */
export const compactArrays = (json: string): string =>
  json.replace(/\[\s+([-\d.e+,\s]+?)\s+\]/g, (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`);

export const percent = (value: number | null, places = 2): string =>
  value === null || Number.isNaN(value) ? 'n/a' : `${(100 * value).toFixed(places)} %`;
export const figure = (value: number | null, places = 2): string =>
  value === null || Number.isNaN(value) ? 'n/a' : value.toFixed(places);

/** A Markdown table. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [
    `| ${header.join(' | ')} |`,
    `|${header.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
