import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../core/units.ts';
import type { ExchangeSimulator, SimulatorOptions } from './simulator.ts';
import { createMemoryStore, type SimStore } from './store.ts';
import { createRawClient, generateMarket, startTestSimulator, TEST_FROM, TEST_START } from './testing.ts';

const running: ExchangeSimulator[] = [];
const history = generateMarket({
  symbols: { 'BTC/USDT': 50_000, 'ETH/USDT': 2_500 },
  from: TEST_FROM,
  hours: 450,
  seed: 3,
  missing: [403],
});
const start = async (store: SimStore, options: Partial<SimulatorOptions> = {}): Promise<ExchangeSimulator> => {
  const simulator = await startTestSimulator({
    history,
    store,
    wallNow: () => 1_800_000_000_000,
    liquidity: {},
    accountId: 7,
    ...options,
  });
  running.push(simulator);
  return simulator;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

type Action = readonly [
  kind: 'idle' | 'market' | 'ether' | 'limit' | 'stop' | 'cancel' | 'price' | 'jump' | 'deposit',
  value: number,
];
const actions: fc.Arbitrary<Action> = fc.tuple(
  fc.constantFrom(
    'idle' as const,
    'idle' as const,
    'idle' as const,
    'market' as const,
    'ether' as const,
    'limit' as const,
    'stop' as const,
    'cancel' as const,
    'price' as const,
    'jump' as const,
    'deposit' as const,
  ),
  fc.integer({ min: 1, max: 100 }),
);

const NOW = { now: 1_800_000_000_000 };

/** One thing that a client or the control does; refusals are part of the story. */
const act = async (simulator: ExchangeSimulator, [kind, value]: Action): Promise<unknown> => {
  const client = createRawClient(simulator);
  const last = Number(simulator.control.state().prices['BTC/USDT']);
  const order = async (parameters: Record<string, string>): Promise<unknown> => {
    const { body } = await client.signed('POST', 'order', { symbol: 'BTCUSDT', ...parameters }, NOW);
    return body;
  };
  const near = (factor: number): string => (last * factor).toFixed(2);
  switch (kind) {
    case 'idle':
      return simulator.control.idle();
    case 'market':
      return order({ side: value % 2 === 0 ? 'BUY' : 'SELL', type: 'MARKET', quantity: (value / 1000).toFixed(5) });
    case 'ether':
      return order({
        symbol: 'ETHUSDT',
        side: value % 3 === 0 ? 'SELL' : 'BUY',
        type: 'MARKET',
        quantity: (value / 50).toFixed(4),
      });
    case 'limit':
      return order({
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: (value / 1000).toFixed(5),
        price: near(0.995),
        newClientOrderId: `limit-${value}`,
      });
    case 'stop':
      return order({ side: 'SELL', type: 'STOP_LOSS', quantity: (value / 2000).toFixed(5), stopPrice: near(0.99) });
    case 'cancel': {
      const open = simulator.control.state().openOrders;
      const chosen = open[value % Math.max(open.length, 1)];
      return chosen === undefined
        ? null
        : (await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', orderId: String(chosen['orderId']) }, NOW)).body;
    }
    case 'price':
      return attempt(() => simulator.control.price('BTC/USDT', near(0.97 + value / 2000)));
    case 'jump':
      return attempt(() => simulator.control.jump('ETH/USDT', (value - 50) / 1000));
    case 'deposit':
      return attempt(() => simulator.control.deposit('USDT', value - 30));
  }
};

const attempt = (wish: () => void): string | null => {
  try {
    wish();
    return null;
  } catch (error) {
    return String(error);
  }
};

/** Everything a client or an audit can see of the account and the market. */
const everything = async (simulator: ExchangeSimulator): Promise<unknown> => {
  const client = createRawClient(simulator);
  const open = async (path: string, parameters: Record<string, string>): Promise<unknown> =>
    (await client.open(path, parameters)).body;
  return {
    state: simulator.control.state(),
    orders: simulator.control.orders(),
    trades: simulator.control.trades(),
    klines: await open('klines', { symbol: 'BTCUSDT', interval: '1h', limit: '60' }),
    ether: await open('klines', { symbol: 'ETHUSDT', interval: '1h', limit: '60' }),
    depth: await open('depth', { symbol: 'BTCUSDT' }),
    account: (await client.signed('GET', 'account', {}, NOW)).body,
  };
};

describe('a simulator with a store', () => {
  test.prop([fc.array(fc.tuple(actions, fc.boolean()), { minLength: 1, maxLength: 25 })], { numRuns: 30 })(
    'goes on after a loss of its process as if nothing had happened',
    async (list) => {
      const steady = await start(createMemoryStore());
      const store = createMemoryStore();
      let fragile = await start(store);
      for (const [action, dies] of list) {
        const [expected, actual] = [await act(steady, action), await act(fragile, action)];
        expect(actual).toEqual(expected);
        if (!dies) continue;
        await fragile.close();
        fragile = await start(store);
      }
      expect(await everything(fragile)).toEqual(await everything(steady));
    },
  );

  it('stores each change in one write, before it answers', async () => {
    const memory = createMemoryStore();
    let writes = 0;
    const simulator = await start({
      load: () => memory.load(),
      write: (entries) => {
        writes += 1;
        memory.write(entries);
      },
    });
    const client = createRawClient(simulator);
    writes = 0;
    await client.signed('POST', 'order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.05' }, NOW);
    expect(writes).toBe(1);
    expect(simulator.control.state().tradeCount).toBeGreaterThan(1);
    await client.signed('GET', 'account', {}, NOW);
    await client.open('klines', { symbol: 'BTCUSDT', interval: '1h' });
    expect(writes).toBe(1);
    await simulator.control.idle();
    expect(writes).toBe(2);
  });

  it('refuses everything once a write has failed: an answer must not outlive its record', async () => {
    const errors: unknown[] = [];
    const memory = createMemoryStore();
    let broken = false;
    const store: SimStore = {
      load: () => memory.load(),
      write: (entries) => {
        if (broken) throw new Error('disk full');
        memory.write(entries);
      },
    };
    const failures: unknown[] = [];
    const simulator = await start(store, {
      onInternalError: (error) => errors.push(error),
      onFailure: (error) => failures.push(error),
    });
    const client = createRawClient(simulator);
    broken = true;
    const placed = await client.signed(
      'POST',
      'order',
      { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' },
      NOW,
    );
    expect([placed.status, (placed.body as { code: number }).code]).toEqual([500, -1000]);
    broken = false;
    expect((await client.open('ping')).status).toBe(500);
    await expect(simulator.control.idle()).rejects.toThrow('disk full');
    expect(() => simulator.control.deposit('USDT', '1')).toThrow('disk full');
    // Told once, however much is asked.
    expect(await fetch(`${simulator.controlUrl}/control/idle`, { method: 'POST' })).toMatchObject({ status: 500 });
    expect([errors, failures]).toEqual([[new Error('disk full')], [new Error('disk full')]]);
    const again = await start(memory);
    expect(again.control.state()).toMatchObject({
      orderCount: 0,
      tradeCount: 0,
      balances: { USDT: { free: '10000.00000000' } },
    });
  });

  it('refuses a store of another market, naming what differs', async () => {
    const store = createMemoryStore();
    await start(store);
    await expect(start(store, { seed: 2 })).rejects.toThrow('seed 1, not 2');
    await expect(start(store, { stepsPerHour: 8 })).rejects.toThrow('4 steps an hour, not 8');
    await expect(start(store, { startTime: TEST_START + HOUR_MS })).rejects.toThrow(/a start at 2024-01-17T16/);
    const other = generateMarket({ symbols: { 'BTC/USDT': 50_000 }, from: TEST_FROM, hours: 450, seed: 3 });
    await expect(start(store, { history: other })).rejects.toThrow('symbols BTCUSDT,ETHUSDT, not BTCUSDT');
    store.write([['surprise', '1']]);
    await expect(start(store)).rejects.toThrow('an entry "surprise"');
  });

  it('knows a stop that was triggered and not filled', async () => {
    const store = createMemoryStore();
    const first = await start(store, { balances: { BTC: '1' } });
    const price = Number(first.control.state().prices['BTC/USDT']);
    const place = {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_LOSS_LIMIT',
      timeInForce: 'GTC',
      quantity: '0.1',
      stopPrice: (price * 0.99).toFixed(2),
      price: (price * 0.98).toFixed(2),
    };
    await createRawClient(first).signed('POST', 'order', place, NOW);
    first.control.price('BTC/USDT', (price * 0.9).toFixed(2));
    await first.close();
    expect((await start(store)).control.state().openOrders).toMatchObject([
      { status: 'NEW', isWorking: true, workingTime: TEST_START },
    ]);
  });

  it('keeps client ids apart from its own way of writing numbers', async () => {
    const store = createMemoryStore();
    const first = await start(store);
    const place = {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.001',
      price: '40000',
      newClientOrderId: '123',
    };
    await createRawClient(first).signed('POST', 'order', place, NOW);
    await first.close();
    const { body } = await createRawClient(await start(store)).signed(
      'GET',
      'order',
      { symbol: 'BTCUSDT', origClientOrderId: '123' },
      NOW,
    );
    expect(body).toMatchObject({ clientOrderId: '123', status: 'NEW' });
  });
});
