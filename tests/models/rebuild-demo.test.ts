import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCandleFolder } from '../../src/adapters/candles/candle-files.ts';
import { loadModel } from '../../src/adapters/onnx/load-model.ts';
import type { ResearchIo } from '../../src/research/training/io.ts';
import { runTrain } from '../../src/research/training/run-train.ts';

const root = mkdtempSync(join(tmpdir(), 'rebuild-'));
afterAll(() => rmSync(root, { recursive: true }));

const TOOLS = { openCandles: openCandleFolder, loadModel };
const listener = (): ResearchIo & { readonly lines: string[]; readonly errors: string[] } => {
  const lines: string[] = [];
  const errors: string[] = [];
  return {
    lines,
    errors,
    out: (line) => lines.push(line),
    err: (line) => errors.push(line),
    progress: () => undefined,
  };
};

describe('train', () => {
  it('rebuilds the committed demo model and card bit for bit, with ONNX answering as the trainer does', async () => {
    const io = listener();
    const before: boolean[] = [];
    const tools = {
      ...TOOLS,
      loadModel: (...question: Parameters<typeof loadModel>) => (
        before.push(existsSync(join(root, 'demo', 'model.onnx'))), loadModel(...question)
      ),
    };
    expect(await runTrain({ modelsDirectory: root, demo: true }, tools, io)).toBe(0);
    expect(io.errors).toEqual([]);
    // It takes its place with its card, once it has been compared, and nothing else is left there.
    expect(before).toEqual([false]);
    expect(readdirSync(join(root, 'demo')).toSorted()).toEqual(['card.json', 'card.md', 'model.onnx']);
    for (const name of ['model.onnx', 'card.json', 'card.md']) {
      const committed = readFileSync(join(import.meta.dirname, '../../models/demo', name));
      expect(
        readFileSync(join(root, 'demo', name)).equals(committed),
        `${name} differs from the committed one: run npm run train -- --demo and commit it`,
      ).toBe(true);
    }
    // Five seconds on an idle machine; many times that on a busy one.
  }, 240_000);

  it('says in one line what it lacks', async () => {
    const io = listener();
    expect(await runTrain({ modelsDirectory: root }, TOOLS, io)).toBe(2);
    expect(await runTrain({ modelsDirectory: root, dataDirectory: join(root, 'none') }, TOOLS, io)).toBe(2);
    expect(io.errors[0]).toMatch(/give --data DIR or set MARKET_DATA_DIR/);
    expect(io.errors[1]).toMatch(/does not exist; it should hold files such as BTCUSDT-1h\.csv\.gz/);
    expect(io.errors).toHaveLength(2);
  });
});

const market = process.env['MARKET_DATA_DIR'];
describe.skipIf(market === undefined || process.env['REBUILD_MODEL'] === undefined)(
  'train on real candles (needs MARKET_DATA_DIR and REBUILD_MODEL=1: about a minute)',
  () => {
    it('rebuilds the committed model, card and pictures bit for bit', async () => {
      const io = listener();
      const modelsDirectory = join(import.meta.dirname, '../../models');
      expect(
        await runTrain(
          { modelsDirectory, dataDirectory: market ?? '', outputDirectory: join(root, 'rebuilt') },
          TOOLS,
          io,
        ),
      ).toBe(0);
      const hashes = io.lines.filter((line) => /^[0-9a-f]{64} /.test(line));
      expect(hashes).toHaveLength(6);
      for (const line of hashes) expect(line).toMatch(/ identical$/);
    }, 900_000);
  },
);
