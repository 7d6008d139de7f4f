import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { notesOf } from './backtest-notes.ts';

const FROM = Date.UTC(2024, 0, 1);
const RECORDED = { name: 'candles', recorded: true };

const MODEL = { hash: 'a'.repeat(64) };

const model = (card: string | null): readonly [string, typeof MODEL] => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-card-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  if (card !== null) writeFileSync(join(directory, 'card.json'), card);
  return [directory, MODEL];
};
const trainedTo = (...ends: readonly string[]): string => JSON.stringify({ data: ends.map((to) => ({ to })) });

describe('what a reader has to know before the figures', () => {
  test('a model that has seen a part of the span, in any of its series', () => {
    expect(notesOf(...model(trainedTo('2023-12-31T23:00:00.000Z')), RECORDED, FROM)).toEqual([]);
    expect(
      notesOf(...model(trainedTo('2023-06-30T23:00:00.000Z', '2024-01-01T00:00:00.000Z')), RECORDED, FROM)[0],
    ).toMatch(/^IN SAMPLE: .* up to 2024-01-01/);
  });

  test.each([
    ['no card', null],
    ['a card without its data', '{}'],
    ['a card with a date that is none', trainedTo('2023-06-30T23:00:00.000Z', 'last summer')],
    ['a card with an empty list', trainedTo()],
  ])('%s: whether the model has seen the candles is not known, and that is said', (_, card) => {
    expect(notesOf(...model(card), RECORDED, FROM)[0]).toMatch(/^PERHAPS IN SAMPLE: .*card\.json does not say/);
  });

  test.each([
    ['a card that is cut off', '{"data": [{"to": "2023', 'card.json is not JSON'],
    [
      'the card of another model, which has not seen them',
      JSON.stringify({ modelSha256: 'b'.repeat(64), data: [{ to: '2023-06-30T23:00:00.000Z' }] }),
      `card.json is the card of another model (its modelSha256 is bbbbbbbbbbbb, the model's aaaaaaaaaaaa)`,
    ],
  ])('%s: so is what is at fault', (_, card, fault) => {
    const [note] = notesOf(...model(card), RECORDED, FROM);
    expect(note).toMatch(/^PERHAPS IN SAMPLE: /);
    expect(note).toContain(fault);
  });

  test("the model's own card is believed", () => {
    expect(
      notesOf(
        ...model(JSON.stringify({ modelSha256: MODEL.hash, data: [{ to: '2023-06-30T23:00:00.000Z' }] })),
        RECORDED,
        FROM,
      ),
    ).toEqual([]);
  });
});
