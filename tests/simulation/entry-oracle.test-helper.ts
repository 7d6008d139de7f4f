import { toNumber, ZERO, type Decimal } from '../../src/core/decimal.ts';
import type { DecisionEffect, Effect } from '../../src/core/engine/effect.ts';
import type { EngineState, SymbolState } from '../../src/core/engine/state.ts';
import type { OrderRecord } from '../../src/core/orders/record.ts';

/**
 * How large an entry may be, and how often one may go, as docs/guardian.md states it ("How an entry is sized"),
 * in doubles and without the code that does it.
 */
const GAP = 0.995;
const PREMIUM = 1.001;
const SLIPPAGE = 0.001;
const LOT = 1e-5;
const HOUR = 3_600_000;
/** What doubles and rounding to the lot may differ by, as a fraction. */
const SLACK = 1e-7;

type Caps = Readonly<
  Record<'risk-per-trade' | 'exposure-symbol' | 'exposure-gross' | 'leverage' | 'cash' | 'loss-budget', number>
>;

const isOver = ({ status }: OrderRecord): boolean => !['intent', 'unknown', 'working'].includes(status);

/** What a position exits at in the worst case that is allowed for. */
const worstPrice = (state: EngineState, { symbol, managed, last }: SymbolState, stop: number, fee: number): number => {
  const trade = state.ledger.positions[symbol]?.trade ?? null;
  const entry = trade === null ? last : toNumber(trade.boughtQuote) / toNumber(trade.boughtQuantity);
  const stopPrice = managed?.stopPrice ?? null;
  const trigger = stopPrice === null ? Math.ceil(entry * (1 - stop) * 100 - 1e-6) / 100 : toNumber(stopPrice);
  return Math.min(trigger, last) * GAP * (1 - fee);
};

/** The most units that each rule allows, had the order `own` not been placed. */
const capsOf = (state: EngineState, of: SymbolState, limit: number, own: string | null, coinPrice: number): Caps => {
  const { limits, takerFee: fee } = state.config as NonNullable<EngineState['config']>;
  const cash = toNumber(state.ledger.cash ?? ZERO);
  const coins = toNumber(state.ledger.feeCoin) * coinPrice;
  let [equity, gross, single, free, worst] = [cash + coins, 0, 0, cash, cash + coins];
  for (const each of Object.values(state.symbols)) {
    const held = toNumber(state.ledger.positions[each.symbol]?.quantity ?? ZERO);
    if (held === 0) continue;
    equity += held * (each.believed > 0 ? Math.min(each.believed, each.last) : each.last);
    gross += held * each.last;
    if (each === of) single += held * each.last;
    // The entry under judgement has not filled anything of this yet.
    const before = each === of && each.managed?.entryOrderId === own ? { ...each, managed: null } : each;
    worst += held * worstPrice(state, before, limits.stopLoss, fee);
  }
  const unitLoss = (price: number): number => price * (1 + fee) - price * (1 - limits.stopLoss) * GAP * (1 - fee);
  for (const record of Object.values(state.orders)) {
    const { purpose, limitPrice, clientOrderId, symbol, quantity } = record.draft;
    if (purpose !== 'entry' || isOver(record) || clientOrderId === own) continue;
    const [price, open] = [toNumber(limitPrice ?? ZERO), toNumber((quantity - record.executed) as Decimal)];
    gross += open * price;
    if (symbol === of.symbol) single += open * price;
    free -= open * price * (1 + fee);
    worst -= open * unitLoss(price);
  }
  return {
    'risk-per-trade': (equity * limits.riskPerTrade) / (limit * (limits.stopLoss + 2 * fee + SLIPPAGE)),
    'exposure-symbol': (equity * limits.maxSymbolExposure - single) / limit,
    'exposure-gross': (equity * limits.maxGrossExposure - gross) / limit,
    leverage: (equity * limits.maxLeverage - gross) / limit,
    cash: free / (limit * (1 + fee)),
    'loss-budget':
      (worst - (state.guardian.dayBaseline ?? Number.POSITIVE_INFINITY) * (1 - limits.maxDailyDrawdown)) /
      unitLoss(limit),
  };
};

export class EntryOracle {
  readonly #entries: number[] = [];
  readonly #traded = new Map<string, number>();
  /** Why entries were cut to less than their risk, or denied, and how often. */
  readonly seen: Map<string, number>;

  constructor(seen: Map<string, number>) {
    this.seen = seen;
  }

  /** Judges each decision of the step that has just been made; returns what is wrong, or null. */
  judge(state: EngineState, effects: readonly Effect[], coinPrice: number): string | null {
    for (const effect of effects) {
      if (effect.type !== 'decision' || (effect.outcome !== 'entered' && effect.outcome !== 'denied')) continue;
      const wrong = this.#frequency(state.at, effect) ?? this.#size(state, effect, coinPrice);
      if (wrong !== null) return `${effect.symbol} ${effect.text}: ${wrong}`;
    }
    return null;
  }

  #count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  #frequency(at: number, { outcome, symbol, openTime, checks, probability }: DecisionEffect): string | null {
    const recent = this.#entries.filter((entry) => at - entry < HOUR).length;
    // A drill is no signal: it does not use one up.
    const again = probability !== null && openTime <= (this.#traded.get(symbol) ?? Number.NEGATIVE_INFINITY);
    const code = checks.find(({ ok }) => !ok)?.code ?? null;
    if (code !== null) this.#count(code);
    if (code === 'entry-throttle' && recent < 10) return `only ${recent} entries within an hour`;
    if (code === 'entry-repeated' && !again) return 'never traded before';
    if (outcome === 'denied') return null;
    if (recent >= 10) return `${recent} entries within an hour already`;
    if (again) return 'traded before';
    this.#entries.push(at);
    if (probability !== null) this.#traded.set(symbol, openTime);
    return null;
  }

  #size(
    state: EngineState,
    { outcome, symbol, sizing, checks, clientOrderId }: DecisionEffect,
    coinPrice: number,
  ): string | null {
    const own = state.symbols[symbol];
    if (sizing === null || own === undefined) return null;
    const limit = toNumber(sizing.limitPrice);
    if (Math.abs(limit - own.ask * PREMIUM) > 0.0101) return `limit ${limit} at an ask of ${own.ask}`;
    const caps = capsOf(state, own, limit, clientOrderId, coinPrice);
    const least = Math.max(toNumber(own.instrument.minNotional) / limit, LOT);
    const code = checks.find(({ ok }) => !ok)?.code ?? null;
    if (code !== null && code in caps) {
      const cap = caps[code as keyof Caps];
      return cap < least * (1 + SLACK) ? null : `${code} allows ${cap}`;
    }
    const [rule, most] = Object.entries(caps).reduce((a, b) => (b[1] < a[1] ? b : a));
    if (outcome !== 'entered') return null;
    this.#count(`cut by ${rule}`);
    const quantity = toNumber(state.orders[clientOrderId ?? '']?.draft.quantity ?? ZERO);
    if (quantity > most * (1 + SLACK)) return `${quantity} where ${rule} allows ${most}`;
    const isDrill = sizing.steps.some((step) => step.rule === 'drill');
    return isDrill || quantity > most * (1 - SLACK) - LOT ? null : `${quantity} is less than ${most}`;
  }
}
