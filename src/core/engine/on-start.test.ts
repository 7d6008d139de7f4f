import { expect, test } from 'vitest';
import { BTC, ETH, instrumentText, World } from './world.test-helper.ts';

test('a start in a halted market says so: no change tells of it later', () => {
  const world = new World().ready().enter();
  world.instruments = [instrumentText(BTC, { trading: false }), instrumentText(ETH, { trading: false })];
  world.take();
  world.restart();
  const lines = world
    .take()
    .flatMap((effect) => (effect.type === 'alert' && effect.alert.kind === 'lifecycle' ? [...effect.alert.lines] : []));
  expect(lines.slice(-2)).toEqual([
    'The exchange has halted BTC/USDT. No entries there until it is traded again; a stop that rests stays, and no sale takes its place before.',
    'The exchange has halted ETH/USDT. No entries there until it is traded again.',
  ]);
  world.config = { ...world.config, symbols: [BTC] };
  world.restart();
  expect(
    world
      .take()
      .some((effect) => effect.type === 'alert' && effect.alert.lines.some((line) => line.includes(`halted ${ETH}`))),
  ).toBe(false);
});
