import { formatDecimal } from '../decimal.ts';
import type { OrderDraft } from '../orders/order.ts';
import { DEFAULT_LIMITS, type Limits } from '../risk/limits.ts';
import { HOUR_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../units.ts';
import { decodeState, encodeState } from './codec.ts';
import type { EngineConfig } from './config.ts';
import type { Effect } from './effect.ts';
import { ModelExchange } from './exchange.test-helper.ts';
import type { CommandInput, Input, InstrumentText, OperatorCommand, StartedInput } from './input.ts';
import { createEngineState, symbolOf, type EngineState, type ManagedPosition } from './state.ts';
import { step } from './step.ts';

export const BTC = 'BTC/USDT';
export const ETH = 'ETH/USDT';
/** 2024-08-05T00:00:00Z, a Monday. */
export const MONDAY: EpochMs = Date.UTC(2024, 7, 5);

export const instrumentText = (symbol: string, changes: Partial<InstrumentText> = {}): InstrumentText => {
  const [base = '', quote = ''] = symbol.split('/');
  return {
    symbol,
    id: `${base}${quote}`,
    base,
    quote,
    trading: true,
    orderTypes: ['limit', 'market', 'stop-loss', 'stop-loss-limit'],
    tickSize: '0.01',
    minPrice: '0.01',
    maxPrice: '1000000',
    stepSize: '0.00001',
    minQuantity: '0.00001',
    maxQuantity: '9000',
    marketStepSize: '0',
    marketMinQuantity: '0',
    marketMaxQuantity: '100',
    minNotional: '5',
    maxNotional: '9000000',
    maxOrders: 200,
    maxAlgoOrders: 5,
    ...changes,
  };
};

export const engineConfig = (changes: Partial<EngineConfig> = {}, limits: Partial<Limits> = {}): EngineConfig => ({
  mode: 'paper',
  symbols: [BTC, ETH],
  quoteAsset: 'USDT',
  feeAsset: null,
  limits: { ...DEFAULT_LIMITS, ...limits },
  takerFee: 0.001,
  orderPrefix: 'gb',
  instanceId: 'test01',
  staleWallGrace: 0,
  model: { name: 'fixture', hash: 'h', schemaHash: 's', stop: 0.015, target: 0.03, horizonHours: 24, margin: 0.001 },
  ...changes,
});

/** What becomes of an order that is sent. */
export type Fate =
  | { readonly kind: 'accept'; readonly part?: number }
  | { readonly kind: 'reject' }
  | { readonly kind: 'not-sent' }
  /** Reported as unknown; whether the exchange took it is known to `World.resolve` alone. */
  | { readonly kind: 'unknown'; readonly arrives: boolean; readonly part?: number }
  /** Nothing is reported at all. */
  | { readonly kind: 'silence' };

type Untimed<T = Input> = T extends Input ? Omit<T, 'at' | 'wall'> : never;

const ACCEPT: Fate = { kind: 'accept' };

/** The engine with an exchange, both clocks and an executor that reports at once, all under the test's hand. */
export class World {
  state: EngineState = createEngineState();
  readonly exchange: ModelExchange;
  config: EngineConfig;
  instruments: readonly InstrumentText[] = [instrumentText(BTC), instrumentText(ETH)];
  at: EpochMs = MONDAY + 8 * HOUR_MS;
  wall: EpochMs = MONDAY + 8 * HOUR_MS;
  /** Everything the engine has wanted, oldest first, and the part since the last `take`. */
  readonly effects: Effect[] = [];
  fate: (draft: OrderDraft) => Fate = () => ACCEPT;
  /** Whether cancellations reach the exchange. */
  cancelWorks = true;
  /** Called after every step. */
  after: (input: Input, effects: readonly Effect[]) => void = () => undefined;
  /** Applies one input; a bench journals it as well. */
  step: (input: Input) => readonly Effect[] = (input) => step(this.state, input);
  spread = 0.0002;
  readonly journal: Input[] = [];
  #taken = 0;
  #command = 0;

  constructor(
    options: {
      readonly balances?: Readonly<Record<string, string>>;
      readonly config?: Partial<EngineConfig>;
      readonly limits?: Partial<Limits>;
    } = {},
  ) {
    this.exchange = new ModelExchange(options.balances ?? { USDT: '10000' });
    this.config = engineConfig(options.config, options.limits);
    this.exchange.prices[BTC] = 50_000;
    this.exchange.prices[ETH] = 2_500;
  }

  /** Steps the engine and lets the exchange answer what it wants. */
  apply(input: Untimed): readonly Effect[] {
    const timed = { ...input, at: this.at, wall: this.wall } as Input;
    this.journal.push(timed);
    const effects = this.step(timed);
    this.effects.push(...effects);
    this.after(timed, effects);
    for (const effect of effects) {
      if (effect.type === 'place') this.send(effect.order.draft);
      if (effect.type === 'cancel') this.cancel(effect.clientOrderId);
    }
    return effects;
  }

  start(changes: Partial<Pick<StartedInput, 'halts'>> = {}): readonly Effect[] {
    return this.apply({
      type: 'started',
      engineVersion: 'test',
      config: this.config,
      instruments: this.instruments,
      halts: changes.halts ?? [],
    });
  }

  /** Started, warm, with an account, fresh prices and a measured clock: ready to trade. */
  ready(): this {
    this.start();
    for (const symbol of this.config.symbols) this.warm(symbol);
    this.apply({ type: 'clock-skew', skew: 0 });
    this.account();
    this.quotes();
    this.quotes();
    return this;
  }

  /** A hundred days of calm candles up to the present hour. */
  warm(symbol: string, days = 100): void {
    const price = this.exchange.prices[symbol] ?? 1;
    const hours = days * 24;
    const end = Math.floor(this.at / HOUR_MS) * HOUR_MS;
    const candles = Array.from({ length: hours }, (_, index) => {
      // The first tenth was wild, so that what a test does to prices is not extraordinary; the rest is calm.
      const range = price * (index < hours / 10 ? 0.05 : 0.004 + (0.002 * ((index * 7919) % 1000)) / 1000);
      return [end - (hours - index) * HOUR_MS, price, price + range / 2, price - range / 2, price] as const;
    });
    this.apply({ type: 'history', symbol, candles });
  }

  quotes(prices: Readonly<Record<string, number>> = {}): readonly Effect[] {
    for (const [symbol, price] of Object.entries(prices)) this.moveExchange(symbol, price);
    const quotes = this.config.symbols.map((symbol) => {
      const last = this.exchange.prices[symbol] ?? 0;
      return { symbol, last, bid: last * (1 - this.spread / 2), ask: last * (1 + this.spread / 2), at: this.at };
    });
    const third =
      this.config.feeAsset === null
        ? []
        : [{ symbol: `${this.config.feeAsset}/USDT`, last: 500, bid: 499.9, ask: 500.1, at: this.at }];
    return this.apply({ type: 'quotes', quotes: [...quotes, ...third] });
  }

  /** The exchange's price moves; what that fills is reported. */
  moveExchange(symbol: string, price: number): void {
    for (const order of this.exchange.setPrice(symbol, price, this.at)) this.report(order.draft.clientOrderId);
  }

  /** Time passes on both clocks. */
  pass(span: Milliseconds): this {
    this.at += span;
    this.wall += span;
    return this;
  }

  timer(span: Milliseconds = 0): readonly Effect[] {
    this.pass(span);
    return this.apply({ type: 'timer' });
  }

  /** On to the next full hour: a candle of each symbol at the present price, prices kept fresh. */
  hour(ranges: Readonly<Record<string, number>> = {}): void {
    const next = Math.floor(this.at / HOUR_MS) * HOUR_MS + HOUR_MS;
    // As in demo: an hour of the market takes a minute of the wall clock.
    this.at = next;
    this.wall += 60_000;
    this.quotes();
    if (this.state.guardian.skew !== null) this.apply({ type: 'clock-skew', skew: this.state.guardian.skew });
    for (const symbol of this.config.symbols) {
      const close = this.exchange.prices[symbol] ?? 1;
      const half = (close * (ranges[symbol] ?? 0.005)) / 2;
      this.apply({
        type: 'candle',
        symbol,
        candle: {
          openTime: next - HOUR_MS,
          open: close,
          high: close + half,
          low: close - half,
          close,
          volume: 1,
          quoteVolume: close,
          trades: 1,
          takerBuyBase: 0.5,
          takerBuyQuote: close / 2,
        },
      });
    }
  }

  hours(count: number): void {
    for (let index = 0; index < count; index += 1) this.hour();
  }

  predict(symbol: string, probability: number | null = 0.9): readonly Effect[] {
    return this.apply({
      type: 'prediction',
      symbol,
      openTime: symbolOf(this.state, symbol).newestCandleOpen ?? 0,
      probability,
      failure: null,
      features: [],
    });
  }

  account(): readonly Effect[] {
    return this.apply({ type: 'account', balances: this.exchange.balances(), failure: null, foreignOrders: [] });
  }

  command(command: OperatorCommand): Extract<Effect, { type: 'command-result' }> {
    this.#command += 1;
    const input: Omit<CommandInput, 'at' | 'wall'> = {
      type: 'command',
      commandId: `c${this.#command}`,
      by: 'telegram 1 (Ada)',
      command,
    };
    const result = this.apply(input).find((effect) => effect.type === 'command-result');
    if (result === undefined) throw new Error('a command without a result');
    return result;
  }

  /** Unlocks everything that is locked, with the amount that a daily lock asks for. */
  unlock(
    ids: readonly string[] = Object.keys(this.state.guardian.locks),
    newLossPermitted: number | null = null,
  ): Extract<Effect, { type: 'command-result' }> {
    return this.command({ name: 'unlock', reason: 'test', lockIds: ids, newLossPermitted });
  }

  /** The exchange's word on an order. */
  report(clientOrderId: string): void {
    const snapshot = this.exchange.snapshot(clientOrderId);
    const symbol = this.state.orders[clientOrderId]?.draft.symbol ?? snapshot?.symbol ?? BTC;
    this.apply({
      type: 'order-report',
      symbol,
      clientOrderId,
      outcome: snapshot === null ? { kind: 'not-found' } : { kind: 'known', order: snapshot },
    });
  }

  /** Looks up every order whose outcome the engine does not know. */
  resolve(): void {
    for (const record of Object.values(this.state.orders)) {
      if (record.status === 'unknown' || record.status === 'intent') this.report(record.draft.clientOrderId);
    }
  }

  /** The process dies and starts again from a snapshot. */
  restart(): void {
    this.state = decodeState(encodeState(this.state));
    this.start();
  }

  take(): Effect[] {
    const fresh = this.effects.slice(this.#taken);
    this.#taken = this.effects.length;
    return fresh;
  }

  managed(symbol = BTC): ManagedPosition | null {
    return symbolOf(this.state, symbol).managed;
  }

  locks(): string[] {
    return Object.keys(this.state.guardian.locks).sort();
  }

  held(symbol = BTC): string {
    return formatDecimal(this.state.ledger.positions[symbol]?.quantity ?? (0n as never));
  }

  /** Drafts placed so far, newest last. */
  placed(purpose?: OrderDraft['purpose']): OrderDraft[] {
    const drafts = this.effects.flatMap((effect) => (effect.type === 'place' ? [effect.order.draft] : []));
    return purpose === undefined ? drafts : drafts.filter((draft) => draft.purpose === purpose);
  }

  decision(): Extract<Effect, { type: 'decision' }> {
    const found = this.effects.findLast((effect) => effect.type === 'decision');
    if (found === undefined) throw new Error('no decision yet');
    return found;
  }

  /** A long position of maximum size with its stop in place. */
  enter(symbol = BTC): this {
    this.predict(symbol);
    const { outcome, text } = this.decision();
    if (outcome !== 'entered') throw new Error(`no entry: ${text}`);
    return this;
  }

  private send(draft: OrderDraft): void {
    const { clientOrderId, symbol } = draft;
    const fate = this.fate(draft);
    switch (fate.kind) {
      case 'silence':
        return;
      case 'reject':
      case 'not-sent':
        return void this.apply({
          type: 'order-report',
          symbol,
          clientOrderId,
          outcome: {
            kind: fate.kind === 'reject' ? 'rejected' : 'not-sent',
            code: '-2010',
            message: 'refused by the test',
          },
        });
      case 'unknown':
        if (fate.arrives) this.exchange.accept(draft, this.at, fate.part);
        return void this.apply({
          type: 'order-report',
          symbol,
          clientOrderId,
          outcome: { kind: 'unknown', code: '503', message: 'no answer' },
        });
      case 'accept':
        if (this.exchange.accept(draft, this.at, fate.part) === null) {
          return void this.apply({
            type: 'order-report',
            symbol,
            clientOrderId,
            outcome: { kind: 'rejected', code: '-2010', message: 'insufficient balance' },
          });
        }
        return this.report(clientOrderId);
    }
  }

  private cancel(clientOrderId: string): void {
    const symbol = this.state.orders[clientOrderId]?.draft.symbol ?? BTC;
    if (!this.cancelWorks)
      return void this.apply({ type: 'cancel-failed', symbol, clientOrderId, code: '503', message: 'no answer' });
    this.exchange.end(clientOrderId, 'cancelled');
    if (this.exchange.orders.has(clientOrderId)) this.report(clientOrderId);
    else
      this.apply({
        type: 'order-report',
        symbol,
        clientOrderId,
        outcome: { kind: 'not-sent', code: 'withdrawn', message: 'never sent' },
      });
  }
}

/** The newest of something that has to be there. */
export const last = <T>(items: readonly T[]): T => {
  const found = items.at(-1);
  if (found === undefined) throw new Error('nothing there');
  return found;
};

/** Round trips that were closed, oldest first. */
export const trades = (world: World): Extract<Effect, { type: 'trade' }>[] =>
  world.effects.filter((effect) => effect.type === 'trade');

/** Client order id of a position's stop. */
export const stopIdOf = (world: World, symbol = BTC): string => world.managed(symbol)?.stopOrderId ?? 'none';

/** A span in seconds, as tests say it. */
export const seconds = (count: number): Milliseconds => count * SECOND_MS;
