import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadModel } from '../adapters/onnx/load-model.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../core/features/catalogue.ts';
import { readCard } from './model-card.ts';

const MODELS = new URL('../../models', import.meta.url).pathname;

test("the trading model's own card says what it was trained through, and holds what drift is measured from", async () => {
  const directory = join(MODELS, 'btc-eth-1h');
  const model = await loadModel(directory, { schemaHash: FEATURE_SCHEMA_HASH, featureCount: FEATURE_COUNT });
  onTestFinished(() => model.close());
  const card = readCard(directory, model.description);
  expect(card).toMatchObject({ trainedThrough: Date.UTC(2025, 5, 30, 23, 45), fault: null });
  expect(card.reference?.prediction.edges).toHaveLength(9);
});

test('a card of another model is left aside and named, and so is one that is a folder; none at all is no fault', () => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-card-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const nothing = { reference: null, trainedThrough: null };
  expect(readCard(directory, { hash: 'a'.repeat(64) })).toEqual({ ...nothing, fault: null });
  expect(readCard(join(MODELS, 'demo'), null)).toEqual({ ...nothing, fault: null });
  expect(readCard(join(MODELS, 'demo'), { hash: 'a'.repeat(64) })).toEqual({
    ...nothing,
    fault: expect.stringMatching(
      /models\/demo\/card\.json is the card of another model .* put the right one beside the model, or none$/,
    ),
  });
  cpSync(MODELS, join(directory, 'card.json'), { recursive: true });
  expect(readCard(directory, { hash: 'a'.repeat(64) })).toEqual({
    ...nothing,
    fault: expect.stringMatching(/card\.json can't be read \(EISDIR\)/),
  });
});
