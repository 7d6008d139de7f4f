import { toNumber } from '../../src/core/decimal.ts';
import type { Effect } from '../../src/core/engine/effect.ts';
import { engineConfig, World } from '../../src/core/engine/world.test-helper.ts';
import { GAP_ALLOWANCE } from '../../src/core/risk/sizing.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, utcDayStart, type EpochMs } from '../../src/core/units.ts';

/** One candle: open time, open, high, low, close. */
export type Bar = readonly [number, number, number, number, number];

/** A crash minute by minute, with the hours of the year before it. */
export interface CrashData {
  readonly name: string;
  readonly symbols: readonly {
    readonly symbol: string;
    readonly minutes: readonly Bar[];
    readonly hours: readonly Bar[];
  }[];
}

/** One of the two long positions that a replay scripts. */
export interface Script {
  /** Market time of the entries. */
  readonly enterAt: EpochMs;
  /** Wide enough that a winner is carried; the model's labels have to say the same. */
  readonly takeProfit: number;
}

export interface Trip {
  readonly lock: string;
  readonly at: EpochMs;
  readonly equity: number;
}

export interface CrashReport {
  readonly name: string;
  readonly entered: EpochMs;
  /** Gross exposure over equity when the crash day began, or at the entry when that came later. */
  readonly exposure: number;
  readonly trips: readonly Trip[];
  readonly trades: readonly {
    readonly symbol: string;
    readonly at: EpochMs;
    readonly reason: string;
    readonly pnl: number;
  }[];
  /** The day that lost most: its baseline, what was lost of it, both limits included. */
  readonly baseline: number;
  readonly worstDayLoss: number;
  /** Largest fall between two prices that followed each other while a position was held. */
  readonly largestGap: number;
  /** What the day may lose: the limit, the gap allowance on what was at work, and the gap beyond it. */
  readonly bound: number;
  /** Worst loss against the same baseline of the same positions held without stop and locks. */
  readonly lossWithoutGuardian: number;
}

/** Prices within a minute are seen every five seconds, on the way open, low, high, close or open, high, low, close. */
const POLLS = 12;
const START_EQUITY = 10_000;

const path = ([, open, high, low, close]: Bar): readonly number[] => {
  const corners = close < open ? [open, high, low, close] : [open, low, high, close];
  const prices: number[] = [];
  for (let corner = 0; corner < 3; corner += 1) {
    const from = corners[corner] ?? open;
    const to = corners[corner + 1] ?? close;
    for (let part = 0; part < POLLS / 3; part += 1)
      prices.push(from + ((to - from) * part) / (POLLS / 3 - (corner === 2 ? 1 : 0)));
  }
  return prices.map((price) => Math.round(price * 100) / 100);
};

/**
 * Moves the exchange to a price. A stop on the way fills at its trigger, one that was jumped over at the price behind
 * it.
 */
const walk = (world: World, symbol: string, from: number, to: number): void => {
  for (const { draft } of world.exchange.openOrders()) {
    const trigger = draft.symbol === symbol && draft.stopPrice !== null ? toNumber(draft.stopPrice) : null;
    if (trigger !== null && trigger < from && trigger > to) world.moveExchange(symbol, trigger);
  }
  world.moveExchange(symbol, to);
};

const hourOf = (minutes: readonly Bar[], openTime: EpochMs): Bar | null => {
  const inside = minutes.filter(([time]) => time >= openTime && time < openTime + HOUR_MS);
  const first = inside[0];
  const last = inside.at(-1);
  if (first === undefined || last === undefined) return null;
  return [
    openTime,
    first[1],
    Math.max(...inside.map((bar) => bar[2])),
    Math.min(...inside.map((bar) => bar[3])),
    last[4],
  ];
};

/** Lives through a crash with a long of maximum size in every symbol. */
export const replayCrash = (data: CrashData, script: Script): CrashReport => {
  const model = { ...(engineConfig().model ?? {}), target: script.takeProfit, horizonHours: 72 };
  const world = new World({
    balances: { USDT: String(START_EQUITY) },
    config: { symbols: data.symbols.map(({ symbol }) => symbol), model: model as never },
    limits: { takeProfit: script.takeProfit, horizonHours: 72 },
  });
  const begin = data.symbols[0]?.minutes[0]?.[0] ?? 0;
  world.at = begin;
  world.wall = begin;
  world.start();
  for (const { symbol, hours } of data.symbols) {
    world.apply({
      type: 'history',
      symbol,
      candles: hours.filter(([openTime]) => openTime + HOUR_MS <= begin).map((bar) => bar),
    });
  }
  const gauge = new Gauge(world);
  world.account();
  const length = Math.min(...data.symbols.map(({ minutes }) => minutes.length));
  for (let minute = 0; minute < length; minute += 1) {
    const openTime = data.symbols[0]?.minutes[minute]?.[0] ?? 0;
    if (openTime % HOUR_MS === 0 && minute > 0) closeHour(world, data, openTime - HOUR_MS);
    if (minute % 10 === 0) world.apply({ type: 'clock-skew', skew: 0 });
    for (let poll = 0; poll < POLLS; poll += 1) {
      world.at = openTime + (poll * MINUTE_MS) / POLLS;
      world.wall = world.at;
      for (const { symbol, minutes } of data.symbols) {
        const bar = minutes[minute];
        if (bar === undefined) continue;
        const price = path(bar)[poll] ?? bar[4];
        const before = world.exchange.prices[symbol] ?? price;
        gauge.gap(symbol, before, price);
        walk(world, symbol, minute === 0 && poll === 0 ? price : before, price);
      }
      world.quotes();
      gauge.look();
      if (openTime === script.enterAt && poll === 0) {
        for (const { symbol } of data.symbols) world.predict(symbol, 0.99);
        gauge.entered();
      }
    }
  }
  return gauge.report(data.name, script.enterAt);
};

const closeHour = (world: World, data: CrashData, openTime: EpochMs): void => {
  world.at = openTime + HOUR_MS;
  world.wall = world.at;
  for (const { symbol, minutes } of data.symbols) {
    const bar = hourOf(minutes, openTime);
    if (bar === null) continue;
    const [, open, high, low, close] = bar;
    world.apply({
      type: 'candle',
      symbol,
      candle: {
        openTime,
        open,
        high,
        low,
        close,
        volume: 1,
        quoteVolume: close,
        trades: 1,
        takerBuyBase: 0,
        takerBuyQuote: 0,
      },
    });
  }
};

/** Takes down what happens on the way. */
class Gauge {
  readonly #world: World;
  readonly #trips: Trip[] = [];
  readonly #trades: { symbol: string; at: EpochMs; reason: string; pnl: number }[] = [];
  readonly #days = new Map<EpochMs, { baseline: number; lowest: number }>();
  #exposure = 0;
  #gap = 0;
  #held: { symbol: string; quantity: number }[] = [];
  #cash = 0;
  #seen = 0;
  #lowestWithout = Number.POSITIVE_INFINITY;
  #withoutDay: EpochMs = 0;

  constructor(world: World) {
    this.#world = world;
  }

  gap(symbol: string, before: number, after: number): void {
    if ((this.#world.state.symbols[symbol]?.heldNumber ?? 0) > 0 && before > 0)
      this.#gap = Math.max(this.#gap, 1 - after / before);
  }

  entered(): void {
    this.#held = Object.values(this.#world.state.symbols).map(({ symbol, heldNumber }) => ({
      symbol,
      quantity: heldNumber,
    }));
    this.#cash = this.#world.state.cashNumber ?? 0;
    this.#withoutDay = utcDayStart(this.#world.at);
  }

  look(): void {
    const { state, at, effects } = this.#world;
    const { guardian } = state;
    const equity = guardian.lastEquity?.value ?? START_EQUITY;
    for (const effect of effects.slice(this.#seen)) this.#note(effect, equity);
    this.#seen = effects.length;
    const day = utcDayStart(at);
    const known = this.#days.get(day);
    const baseline = guardian.dayBaseline ?? known?.baseline ?? equity;
    this.#days.set(day, { baseline, lowest: Math.min(known?.lowest ?? equity, equity) });
    if (this.#held.length === 0) return;
    let gross = 0;
    for (const { heldNumber, last } of Object.values(state.symbols)) gross += heldNumber * last;
    this.#exposure = Math.max(this.#exposure, gross / equity);
    if (day < this.#withoutDay) return;
    const without =
      this.#cash +
      this.#held.reduce((sum, { symbol, quantity }) => sum + quantity * (this.#world.exchange.prices[symbol] ?? 0), 0);
    this.#lowestWithout = Math.min(this.#lowestWithout, without);
  }

  #note(effect: Effect, equity: number): void {
    if (effect.type === 'lock' && effect.change === 'set')
      this.#trips.push({ lock: effect.lock.id, at: effect.lock.since, equity });
    if (effect.type === 'trade')
      this.#trades.push({
        symbol: effect.symbol,
        at: effect.closedAt,
        reason: effect.exitReason,
        pnl: toNumber(effect.pnl),
      });
  }

  report(name: string, entered: EpochMs): CrashReport {
    let worst = { baseline: START_EQUITY, loss: 0 };
    for (const { baseline, lowest } of this.#days.values())
      if (1 - lowest / baseline > worst.loss) worst = { baseline, loss: 1 - lowest / baseline };
    const limit = this.#world.config.limits.maxDailyDrawdown;
    return {
      name,
      entered,
      exposure: this.#exposure,
      trips: this.#trips,
      trades: this.#trades,
      baseline: worst.baseline,
      worstDayLoss: worst.loss,
      largestGap: this.#gap,
      bound: limit + this.#exposure * Math.max(GAP_ALLOWANCE, this.#gap),
      lossWithoutGuardian: 1 - this.#lowestWithout / worst.baseline,
    };
  }
}

/**
 * The same crash with a winner to carry into it: the first day is made to rise evenly by `gain`, and the days of the
 * crash follow from there, every move of theirs as it was. (The recorded crashes follow on days that fell.)
 */
export const withWinner = (data: CrashData, gain: number): CrashData => ({
  name: `${data.name}, with a winner of ${(gain * 100).toFixed(1)} % carried into it`,
  symbols: data.symbols.map(({ symbol, minutes, hours }) => {
    const perDay = DAY_MS / MINUTE_MS;
    const first = minutes[0]?.[1] ?? 1;
    const scale = (first * (1 + gain)) / (minutes[perDay]?.[1] ?? 1);
    const rising = minutes.slice(0, perDay).map(([time], minute): Bar => {
      const open = first * (1 + (gain * minute) / perDay);
      const close = first * (1 + (gain * (minute + 1)) / perDay);
      return [time, open, close * 1.000_2, open * 0.999_8, close];
    });
    const crash = minutes
      .slice(perDay)
      .map(([time, open, high, low, close]): Bar => [time, open * scale, high * scale, low * scale, close * scale]);
    return { symbol, hours, minutes: [...rising, ...crash] };
  }),
});

/** Markdown of reports, for the documentation. */
export const crashTable = (reports: readonly CrashReport[]): string => {
  const time = (at: EpochMs): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  const share = (value: number): string => `${(value * 100).toFixed(2)} %`;
  const lines = reports.flatMap((report) => [
    `**${report.name}**: long since ${time(report.entered)} UTC with ${share(report.exposure)} of equity at most. Worst day: ${share(report.worstDayLoss)} of a baseline of ${report.baseline.toFixed(2)}, of ${share(report.bound)} that the limit and the gap measured (${share(report.largestGap)} between two prices five seconds apart) allow. The same positions without stop and locks: ${share(report.lossWithoutGuardian)}.`,
    '',
    '| when (UTC) | what | equity |',
    '|---|---|---|',
    ...[
      ...report.trips.map((trip) => ({ at: trip.at, line: `lock ${trip.lock} | ${trip.equity.toFixed(2)}` })),
      ...report.trades.map((trade) => ({
        at: trade.at,
        line: `${trade.symbol} closed, ${trade.reason}: ${trade.pnl.toFixed(2)} | `,
      })),
    ]
      .sort((a, b) => a.at - b.at)
      .filter(
        ({ line }, index, all) =>
          all.findIndex((other) => other.line.split(' | ')[0] === line.split(' | ')[0]) === index,
      )
      .map(({ at, line }) => `| ${time(at)} | ${line} |`),
    '',
  ]);
  return lines.join('\n');
};
