import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { notesOf } from './backtest-notes.ts';

const FROM = Date.UTC(2024, 0, 1);
const RECORDED = { name: 'candles', recorded: true };

const model = (card: string | null): string => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-card-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  if (card !== null) writeFileSync(join(directory, 'card.json'), card);
  return directory;
};
const trainedTo = (...ends: readonly string[]): string => JSON.stringify({ data: ends.map((to) => ({ to })) });

describe('what a reader has to know before the figures', () => {
  test('a model that has seen a part of the span, in any of its series', () => {
    expect(notesOf(model(trainedTo('2023-12-31T23:00:00.000Z')), RECORDED, FROM)).toEqual([]);
    expect(notesOf(model(trainedTo('2023-06-30T23:00:00.000Z', '2024-01-01T00:00:00.000Z')), RECORDED, FROM)[0]).toMatch(/^IN SAMPLE: .* up to 2024-01-01/);
  });

  test.each([
    ['no card', null],
    ['a card that is cut off', '{"data": [{"to": "2023'],
    ['a card without its data', '{}'],
    ['a card with a date that is none', trainedTo('2023-06-30T23:00:00.000Z', 'last summer')],
    ['a card with an empty list', trainedTo()],
  ])('%s: whether the model has seen the candles is not known, and that is said', (_, card) => {
    expect(notesOf(model(card), RECORDED, FROM)[0]).toMatch(/^PERHAPS IN SAMPLE: .*card\.json does not say/);
  });
});
