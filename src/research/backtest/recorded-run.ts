import type { CancelEffect, Effect, PlaceEffect } from '../../core/engine/effect.ts';
import type { Input, InstrumentText, OrderOutcome, StartedInput } from '../../core/engine/input.ts';
import { createEngineState, type EngineState } from '../../core/engine/state.ts';
import { step } from '../../core/engine/step.ts';
import type { SymbolName } from '../../core/units.ts';
import type { Liquidity } from '../../sim/matching/book.ts';
import { DEFAULT_ASSUMPTIONS, type Assumptions } from './assumptions.ts';
import { BacktestBroker } from './broker.ts';
import { RunRecord } from './record.ts';

export interface RecordedRunOptions {
  /** Recorded inputs in order, the first of them a start. */
  readonly inputs: Iterable<Input>;
  /** Costs; the balance is that of the first account reading. */
  readonly assumptions?: Assumptions;
  /** Another book than that of the assumptions, for comparing venues. */
  readonly liquidity?: Liquidity;
}

export interface RecordedRun {
  readonly state: EngineState;
  readonly record: RunRecord;
  readonly effects: readonly { readonly at: number; readonly effect: Effect }[];
}

type Outgoing = PlaceEffect | CancelEffect;

/**
 * Runs the engine over the prices, candles, predictions and commands of a
 * recorded run, with orders going to the backtest's broker instead of the
 * recorded venue. Order reports and account readings come at their recorded
 * times with the broker's content, so that the two runs differ only by what was
 * executed.
 */
export const runRecorded = (options: RecordedRunOptions): RecordedRun => new RecordedSession(options).run();

class RecordedSession {
  readonly #options: RecordedRunOptions;
  readonly #state = createEngineState();
  readonly #record = new RunRecord();
  readonly #effects: { at: number; effect: Effect }[] = [];
  readonly #prices = new Map<string, number>();
  readonly #instruments = new Map<SymbolName, InstrumentText>();
  #outgoing: Outgoing[] = [];
  #broker: BacktestBroker | null = null;
  #started: StartedInput | null = null;

  constructor(options: RecordedRunOptions) {
    this.#options = options;
  }

  run(): RecordedRun {
    for (const input of this.#options.inputs) this.#take(input);
    return { state: this.#state, record: this.#record, effects: this.#effects };
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'started':
        this.#started = input;
        this.#list(input.instruments);
        return this.#apply(input);
      case 'instruments':
        this.#list(input.instruments);
        return this.#apply(input);
      case 'order-report':
      case 'cancel-failed':
        return this.#deliver(input, input.clientOrderId);
      case 'account':
        return this.#readAccount(input);
      case 'quotes':
        // What the recorded venue never answered is answered before the market goes on.
        this.#deliver(input, null);
        this.#movePrices(input);
        return;
      case 'candle':
        this.#deliver(input, null);
        return this.#apply(input);
      default:
        return this.#apply(input);
    }
  }

  /** The filters of the moment hold here as they held there. */
  #list(instruments: readonly InstrumentText[]): void {
    for (const instrument of instruments) this.#instruments.set(instrument.symbol, instrument);
    this.#broker?.list(instruments);
  }

  #apply(input: Input): void {
    for (const effect of step(this.#state, input)) {
      if (effect.type === 'place' || effect.type === 'cancel') this.#outgoing.push(effect);
      this.#record.take(effect, input.at);
      this.#effects.push({ at: input.at, effect });
    }
  }

  /** Prices jump from one to the next: nobody knows what was between. */
  #movePrices(input: Extract<Input, { type: 'quotes' }>): void {
    let touched = false;
    for (const { symbol, last } of input.quotes) {
      if (!(last > 0)) continue;
      this.#prices.set(symbol, last);
      if (this.#broker !== null && this.#state.symbols[symbol] !== undefined)
        touched = this.#broker.move(symbol, last, 'jump', input.at) || touched;
    }
    // The live loop looks at its orders before it looks at prices.
    if (touched) this.#hear(input);
    this.#apply(input);
  }

  /** Answers what is on its way: the order that the record heard of now, or all of them. */
  #deliver(times: Pick<Input, 'at' | 'wall'>, id: string | null): void {
    const due = id === null ? this.#outgoing : this.#outgoing.filter((effect) => idOf(effect) === id);
    if (due.length === 0) return;
    this.#outgoing = this.#outgoing.filter((effect) => !due.includes(effect));
    for (const effect of due) this.#answer(times, effect);
    if (id === null) this.#deliver(times, null);
  }

  #answer({ at, wall }: Pick<Input, 'at' | 'wall'>, effect: Outgoing): void {
    const { symbol, clientOrderId } = effect.type === 'cancel' ? effect : effect.order.draft;
    const price = this.#prices.get(symbol);
    const broker = this.#broker;
    let outcome: OrderOutcome;
    if (broker === null || price === undefined)
      outcome = { kind: 'not-sent', code: 'no-price', message: 'no price has come in yet' };
    else
      outcome =
        effect.type === 'cancel' ? broker.cancel(symbol, clientOrderId) : broker.place(effect.order.draft, price, at);
    this.#apply({ type: 'order-report', at, wall, symbol, clientOrderId, outcome });
  }

  #hear({ at, wall }: Pick<Input, 'at' | 'wall'>): void {
    for (const { symbol, clientOrderId, outcome } of this.#broker?.reports() ?? [])
      this.#apply({ type: 'order-report', at, wall, symbol, clientOrderId, outcome });
  }

  /** The account of the broker, opened with what the recorded one held first. */
  #readAccount(input: Extract<Input, { type: 'account' }>): void {
    if (input.balances === null || this.#started === null) return this.#apply(input);
    const { config } = this.#started;
    if (this.#broker === null) {
      const quote = input.balances.find(({ asset }) => asset === config.quoteAsset);
      const assumptions = {
        ...(this.#options.assumptions ?? DEFAULT_ASSUMPTIONS),
        fee: config.takerFee,
        balance: Number(quote?.free ?? '0') + Number(quote?.locked ?? '0'),
      };
      this.#broker = new BacktestBroker(
        assumptions,
        [...this.#instruments.values()],
        config.quoteAsset,
        this.#options.liquidity,
      );
    }
    this.#deliver(input, null);
    this.#apply({ ...input, balances: this.#broker.balances(), foreignOrders: [] });
  }
}

const idOf = (effect: Outgoing): string =>
  effect.type === 'cancel' ? effect.clientOrderId : effect.order.draft.clientOrderId;
