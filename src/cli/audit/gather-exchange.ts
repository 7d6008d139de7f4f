import type { ExchangeHandle } from '../../adapters/exchange/create-exchange.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import type { ExchangeFacts } from '../../audit/evidence.ts';
import { MINUTE_MS, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';

/** Prices older than this value nothing. */
const FRESH: Milliseconds = 5 * MINUTE_MS;

/** Quote currency and what the bot holds at the newest prices; null when any of it could not be read. */
const equityOf = async (
  { venue, marketData }: ExchangeHandle,
  config: Config,
  clock: Clock,
  held: Readonly<Record<string, number>>,
): Promise<number | null> => {
  const balances = await venue.balances();
  if (!balances.ok) return null;
  const quote = balances.value.find(({ asset }) => asset === config.quoteAsset);
  let equity = quote === undefined ? 0 : Number(quote.free) + Number(quote.locked);
  const symbols = Object.keys(held);
  if (symbols.length === 0) return equity;
  const now = clock.marketNow();
  const quotes = await marketData.quotes(symbols, now);
  if (!quotes.ok) return null;
  for (const symbol of symbols) {
    const price = quotes.value.find((candidate) => candidate.symbol === symbol);
    if (price === undefined || now - price.at > FRESH) return null;
    equity += (held[symbol] ?? 0) * price.last;
  }
  return equity;
};

/**
 * Tries, and the pause between them, while the exchange gives no whole answer: a moment's outage must not keep a bot
 * from starting.
 */
const TRIES = 4;
const PAUSE: Milliseconds = 3_000;

/** As gatherExchange, asked again while an answer is missing. */
export const gatherExchangeInTime = async (...question: Parameters<typeof gatherExchange>): Promise<ExchangeFacts> => {
  const [, , clock, , noKey] = question;
  for (let attempt = 1; ; attempt += 1) {
    const facts = await gatherExchange(...question);
    const whole =
      facts.fault === null &&
      (noKey !== null || (facts.rights !== null && facts.account !== null && facts.account.equity !== null));
    if (whole || attempt >= TRIES) return facts;
    await clock.sleep(PAUSE);
  }
};

/** What the exchange says. `noKey`: why account and key cannot be asked about; null = they can. */
const gatherExchange = async (
  exchange: ExchangeHandle,
  config: Config,
  clock: Clock,
  held: Readonly<Record<string, number>>,
  noKey: string | null,
): Promise<ExchangeFacts> => {
  const before = clock.wallNow();
  const time = await exchange.venue.serverTime();
  const after = clock.wallNow();
  const reach = {
    fault: time.ok ? null : time.error.message,
    skew: time.ok ? time.value - (before + after) / 2 : null,
  };
  if (noKey !== null) return { ...reach, account: null, rights: null, accountFault: noKey };
  const identity = await exchange.account.identity();
  const rights = await exchange.account.keyRights();
  return {
    ...reach,
    account: identity.ok
      ? { canTrade: identity.value.canTrade, equity: await equityOf(exchange, config, clock, held) }
      : null,
    rights: rights.ok ? rights.value : null,
    accountFault: !identity.ok ? identity.error.message : !rights.ok ? rights.error.message : null,
  };
};
