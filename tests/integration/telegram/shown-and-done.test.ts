import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCommandSet } from '../../../commands/registry.ts';
import { OperatorBench } from '../../../src/app/operator/operator-bench.test-helper.ts';
import { decimal } from '../../../src/core/decimal.ts';
import { BTC, ETH, type World } from '../../../src/core/engine/world.test-helper.ts';
import { HOUR_MS } from '../../../src/core/units.ts';
import type { Message } from '../../../src/sim/telegram/types.ts';
import { lastMessageId, OPERATOR, startHarness, type Harness } from './harness.ts';

/** The real bot over the real engine: what a button does is what its question has shown, whatever came between. */
let bot: Harness;
let world: World;
beforeEach(async () => {
  const bench = new OperatorBench();
  world = bench.world;
  const commands = createCommandSet({ service: bench.service(), tools: bench.tools(), timeZone: 'UTC' });
  bot = await startHarness({ commands });
});
afterEach(async () => {
  await bot.close();
});

/** Presses and waits for what the question has become. */
const press = async (button: string): Promise<string> => {
  const after = lastMessageId(bot.server, OPERATOR) - 1;
  await bot.press(OPERATOR, OPERATOR, button);
  const ended = ({ reply_markup: keys }: Message): boolean => keys === undefined;
  return (await bot.server.person.waitFor(OPERATOR, ended, { afterMessageId: after })).text ?? '';
};

describe('/flatten', () => {
  const reopen = (symbol: string): void => {
    const first = world.managed(symbol)?.entryOrderId;
    // The target is reached, and the next hour's signal buys anew.
    world.quotes({ [symbol]: (world.exchange.prices[symbol] ?? 0) * 1.035 });
    expect(world.managed(symbol)).toBeNull();
    world.hour();
    world.enter(symbol);
    expect(world.managed(symbol)?.entryOrderId).not.toBe(first);
  };

  test('sells no position that was opened after the one that was shown has closed, and says so', async () => {
    world.enter(BTC);
    await bot.ask(OPERATOR, '/flatten BTC');
    const shown = world.managed(BTC)?.entryOrderId;
    reopen(BTC);
    const held = world.held(BTC);
    expect(await press('Sell it')).toBe(
      `⛔ Refused\n\n${BTC}: the position that was shown, opened by ${shown}, has closed. The one opened since by ${world.managed(BTC)?.entryOrderId} is not sold; send /flatten ${BTC} for it.`,
    );
    expect([world.held(BTC), world.managed(BTC)?.exitReason]).toEqual([held, null]);
    await bot.ask(OPERATOR, '/flatten BTC');
    expect(await press('Sell it')).toContain(`Closing ${BTC}`);
    expect(world.managed(BTC)).toBeNull();
  });

  test('sells what was shown of two, and not the other that was opened anew', async () => {
    world.enter(BTC).enter(ETH);
    await bot.ask(OPERATOR, '/flatten');
    reopen(BTC);
    const answer = await press('Sell them all');
    expect(answer).toMatch(/^⚠️ Done in part\n\nClosing ETH\/USDT\. BTC\/USDT: the position that was shown, /);
    expect([world.managed(ETH), world.managed(BTC)?.exitReason]).toEqual([null, null]);
  });
});

describe('/unlock', () => {
  test('clears no halt that somebody wishes again in the very millisecond of the question', async () => {
    world.command({ name: 'halt', reason: 'first' });
    await bot.ask(OPERATOR, '/unlock');
    world.command({ name: 'halt', reason: 'do not unlock' });
    expect(await press('Unlock')).toBe('⛔ Refused\n\nHalted by operator: set again since it was shown');
    expect(world.locks()).toEqual(['operator-halt']);
    await bot.ask(OPERATOR, '/unlock');
    expect(await press('Unlock')).toContain('Unlocked: Halted by operator');
    expect(world.locks()).toEqual([]);
  });

  test('clears the others that were shown, and names the one that stays', async () => {
    world.apply({ type: 'model-status', valid: true, detail: '', drift: { value: 0.5, limit: 0.25 } });
    world.command({ name: 'halt', reason: 'first' });
    await bot.ask(OPERATOR, '/unlock');
    world.unlock(['operator-halt']);
    world.command({ name: 'halt', reason: 'second' });
    expect(await press('Unlock')).toBe(
      '⚠️ Done in part\n\nUnlocked: Model drift. still locked: Halted by operator. Halted by operator: set again since it was shown.',
    );
    expect(world.locks()).toEqual(['operator-halt']);
  });

  test('that is refused names every lock that waits for it, with what it would take, its limit and its value', async () => {
    world.enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_500 });
    world.unlock(['daily-drawdown'], Number(world.state.guardian.lastEquity?.value) * 0.02);
    world.pass(HOUR_MS / 2);
    world.quotes();
    world.state.guardian.dayBaseline = 20_000;
    world.exchange.move('USDT', decimal('-25'));
    world.account();
    world.account();
    expect(world.locks()).toEqual(['daily-drawdown', 'reconciliation']);
    const { text } = await bot.ask(OPERATOR, '/unlock');
    expect(text).toMatch(/^Refused\n/);
    expect(text).toMatch(/^reconciliation: send \/reconcile first\. Reconciliation: .*25/m);
    expect(text).toMatch(
      /^daily-drawdown: it has been unlocked once today already; next UTC day\. Daily drawdown: .*limit 2/m,
    );
  });
});

test('/resume ends no pause that somebody wishes again in the very millisecond of the question, in the same words', async () => {
  world.command({ name: 'pause', reason: 'news' });
  world.command({ name: 'pause', reason: 'news' });
  await bot.ask(OPERATOR, '/resume');
  world.command({ name: 'pause', reason: 'news' });
  expect(await press('Resume trading')).toContain('Somebody has paused anew');
  expect(world.locks()).toEqual(['operator-pause']);
});
