import { afterEach, describe, expect, test } from 'vitest';
import { createExchangeSimulator, type ExchangeSimulator } from '../../sim/exchange/simulator.ts';
import { generateMarket } from '../../sim/exchange/testing.ts';
import type { ExchangeHandle } from './create-exchange.ts';
import { approved, connect, startLoopbackExchange } from './loopback-exchange.test-helper.ts';

const T0 = Date.UTC(2025, 0, 2);
let simulator: ExchangeSimulator | null = null;
let exchange: ExchangeHandle | null = null;

afterEach(async () => {
  await exchange?.close();
  await simulator?.close();
  simulator = exchange = null;
});

const open = async (withdrawals: boolean): Promise<ExchangeHandle> => {
  simulator = await createExchangeSimulator({
    accountId: 100_000_001,
    history: generateMarket({ symbols: { 'BTC/USDT': 60_000 }, from: T0 - 24 * 3_600_000, hours: 48, seed: 1 }),
    startTime: T0,
    keyRights: { withdrawals },
  });
  exchange = await connect(simulator.url, {
    credentials: { apiKey: simulator.credentials.apiKey, secret: simulator.credentials.secret },
  });
  return exchange;
};

describe('questions about the account', () => {
  test('the identity does not depend on the key, the taker fee is stated', async () => {
    const { account } = await open(false);
    expect(await account.identity()).toEqual({
      ok: true,
      value: { uid: '100000001', canTrade: true, takerFee: 0.001 },
    });
  });

  test('withdrawal rights are seen', async () => {
    const { account } = await open(true);
    expect(await account.keyRights()).toEqual({
      ok: true,
      value: { trading: true, withdrawals: true, beyondSpot: false, ipRestricted: true },
    });
    const stranger = await connect(simulator?.url ?? '');
    expect(await stranger.account.keyRights()).toMatchObject({ ok: false, error: { kind: 'authentication' } });
    await stranger.close();
  });

  test('rights beyond spot are seen', async () => {
    simulator = await createExchangeSimulator({
      accountId: 1,
      history: generateMarket({ symbols: { 'BTC/USDT': 60_000 }, from: T0 - 24 * 3_600_000, hours: 48, seed: 1 }),
      startTime: T0,
      keyRights: { futures: true },
    });
    exchange = await connect(simulator.url, {
      credentials: { apiKey: simulator.credentials.apiKey, secret: simulator.credentials.secret },
    });
    expect(await exchange.account.keyRights()).toMatchObject({
      ok: true,
      value: { withdrawals: false, beyondSpot: true },
    });
  });

  test('orders are found when they are closed, too', async () => {
    const { account, venue } = await open(false);
    expect(await account.recentOrders('BTC/USDT')).toEqual({ ok: true, value: [] });
    expect((await venue.send(approved({ clientOrderId: 'gbabc-1', quantity: approved().draft.quantity }))).kind).toBe(
      'accepted',
    );
    const read = await account.recentOrders('BTC/USDT');
    expect(read.ok && read.value.map(({ clientOrderId }) => clientOrderId)).toEqual(['gbabc-1']);
  });

  test('a right that is not stated is no right: the answer is refused', async () => {
    const loopback = await startLoopbackExchange();
    loopback.handle = () => ({ body: { ipRestrict: true, enableReading: true, enableSpotAndMarginTrading: true } });
    const { account, close } = await connect(loopback.origin);
    expect(await account.keyRights()).toMatchObject({ ok: false, error: { kind: 'malformed' } });
    await close();
    await loopback.close();
  });
});
