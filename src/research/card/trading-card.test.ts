import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTrialLog } from '../training/trials.ts';
import { tradingMarkdown, type TradingCard } from './trading-card.ts';

const MODEL = join(import.meta.dirname, '../../../models/btc-eth-1h');
const fileOf = (name: string): string => readFileSync(join(MODEL, name), 'utf8');

describe('the card of the model for real markets', () => {
  // A rebuild takes minutes and the real candles; that it words the committed figures as the committed card does is
  // seen at once.
  it('is worded from its figures as it was committed, to the letter', () => {
    const card = JSON.parse(fileOf('card.json')) as TradingCard;
    expect(tradingMarkdown(card, parseTrialLog(fileOf('trials.json')))).toBe(fileOf('card.md'));
  });
});
