import type { Alert } from '../core/engine/alert.ts';
import { formatDecimal, type Decimal } from '../core/decimal.ts';
import type { InstrumentText } from '../core/engine/input.ts';
import { heldInHalt } from '../core/engine/state.ts';
import type { Instrument } from '../core/market/instrument.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../core/units.ts';
import { span } from '../core/words.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { EngineHost } from './engine-host.ts';

/** Monotonic time between two looks at what the exchange states of its markets. */
const CADENCE: Milliseconds = HOUR_MS;
/** After a look that failed, and between two that refused orders have asked for. */
const AGAIN: Milliseconds = MINUTE_MS;

/** While a market is halted in which something is held, also since before this start: a sale may wait for its end. */
const HALTED: Milliseconds = 15 * SECOND_MS;

/** Monotonic time for which every look has failed before operators are told. */
const TOLD_AFTER: Milliseconds = 10 * MINUTE_MS;

/** Instruments as the journal keeps them. */
export const instrumentText = (instrument: Instrument): InstrumentText =>
  Object.fromEntries(
    Object.entries(instrument).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === 'bigint' ? formatDecimal(value as Decimal) : value,
    ]),
  ) as unknown as InstrumentText;

const isSame = (a: InstrumentText, b: InstrumentText): boolean =>
  (Object.keys(a) as (keyof InstrumentText)[]).every((key) => JSON.stringify(a[key]) === JSON.stringify(b[key]));

/**
 * `why`: code and words of the exchange; `halted`: markets in which something is held and that were halted when last
 * read.
 */
export const rulesUnreadAlert = (why: string, halted: readonly SymbolName[], at: EpochMs): Alert => ({
  kind: 'data',
  key: `rules-unread:${at}`,
  title: `The rules of the markets could not be read for ${span(TOLD_AFTER)}`,
  lines: [
    why,
    ...(halted.length === 0
      ? ['Orders follow the rules last read; stops and exits go on, and so do entries.']
      : [
          `${halted.join(', ')} ${halted.length === 1 ? 'counts' : 'count'} as halted until they are: nothing of it is sold meanwhile.`,
        ]),
    'They are asked for again each minute. Look whether the exchange trades, and sell by hand what cannot wait.',
  ],
  commands: ['/health', '/positions'],
  symbol: null,
  at,
});

export const rulesReadAlert = (at: EpochMs): Alert => ({
  kind: 'data',
  key: `rules-read:${at}`,
  title: 'The rules of the markets are read again',
  lines: ['Orders follow them from now on.'],
  commands: ['/positions'],
  symbol: null,
  at,
});

export interface InstrumentWatch {
  /** Reads them when that is due. */
  look(): Promise<void>;
  /** Market time since which every look has failed; null while they are read. */
  readonly unreadSince: EpochMs | null;
}

/**
 * The exchange changes filters, and halts markets, while the bot runs for months: an order that follows the old ones is
 * refused for good, a stop and the sale in its place as well. So they are read again each hour, and at once when an
 * order was refused.
 */
export const createInstrumentWatch = (options: {
  readonly host: EngineHost;
  readonly marketData: Pick<MarketData, 'instruments'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly symbols: readonly SymbolName[];
  readonly report: (alert: Alert) => void;
}): InstrumentWatch => {
  const { host, marketData, clock, log, symbols, report } = options;
  /** The first look of those that have all failed since, and whether operators know of it. */
  let unread: { readonly at: EpochMs; readonly monotonic: Milliseconds; told: boolean } | null = null;
  let lookedAt = clock.monotonicNow();
  let wait = CADENCE;
  host.onEffect((effect) => {
    if (effect.type === 'order' && effect.status === 'rejected') wait = AGAIN;
  });

  /** What is traded, and what is held of former runs; not what has left the exchange. */
  const watched = (): readonly SymbolName[] =>
    host.state.symbolList.flatMap(({ symbol, managed, unlisted }) =>
      !unlisted && (symbols.includes(symbol) || managed !== null) ? [symbol] : [],
    );

  /**
   * Code and words of the exchange when a read failed. One that has left the exchange must not stand in the way of the
   * others: the comparison of the account tells of it.
   */
  const read = async (asked: readonly SymbolName[]): Promise<readonly Instrument[] | string> => {
    const answer = await marketData.instruments(asked);
    if (answer.ok) return answer.value;
    if (answer.error.kind !== 'unlisted') {
      log.warn({ code: answer.error.code, why: answer.error.message }, 'instruments could not be read again');
      return `${answer.error.code} ${answer.error.message}`;
    }
    if (asked.length === 1) return [];
    const found: Instrument[] = [];
    for (const symbol of asked) {
      const alone = await read([symbol]);
      if (typeof alone === 'string') return alone;
      found.push(...alone);
    }
    return found;
  };

  /** `why`: the exchange's words where it failed; null where they were read. */
  const noteRead = (why: string | null): void => {
    const at = clock.marketNow();
    if (why === null) {
      if (unread?.told === true) report(rulesReadAlert(at));
      unread = null;
      return;
    }
    unread ??= { at, monotonic: lookedAt, told: false };
    if (unread.told || lookedAt - unread.monotonic < TOLD_AFTER) return;
    unread.told = true;
    report(rulesUnreadAlert(why, heldInHalt(host.state), at));
  };

  const look = async (): Promise<void> => {
    wait = CADENCE;
    const found = await read(watched());
    lookedAt = clock.monotonicNow();
    noteRead(typeof found === 'string' ? found : null);
    if (typeof found === 'string') {
      wait = AGAIN;
      return;
    }
    const changed = found.map(instrumentText).filter((stated) => {
      const known = host.state.symbols[stated.symbol];
      return known !== undefined && !isSame(stated, instrumentText(known.instrument));
    });
    if (changed.length > 0) host.apply({ type: 'instruments', instruments: changed });
  };

  const isDue = (): boolean => clock.monotonicNow() - lookedAt >= (heldInHalt(host.state).length > 0 ? HALTED : wait);
  let underWay: Promise<void> | null = null;
  return {
    look: () => {
      if (underWay === null && isDue()) underWay = look().finally(() => (underWay = null));
      return underWay ?? NOTHING;
    },
    get unreadSince() {
      return unread?.at ?? null;
    },
  };
};

/** What a look has that is not due yet. */
const NOTHING = Promise.resolve();
