import { errors, type ApiError } from '../api-error.ts';
import { ControlError } from '../exchange.ts';
import type { Json } from '../views.ts';
import { symbolId, type FaultContext, type FaultDefinition, type FaultMatch } from './fault.ts';
import { errorReply } from './network.ts';

const ORDERS: FaultMatch = { endpoint: 'order', method: 'POST' };

const refusal = (name: string, summary: string, match: FaultMatch, error: () => ApiError): FaultDefinition => ({
  name,
  summary,
  parameters: {},
  match,
  count: 1,
  create: () => ({ before: () => errorReply(error()) }),
});

const FILTERS = [
  'PRICE_FILTER',
  'PERCENT_PRICE_BY_SIDE',
  'LOT_SIZE',
  'MARKET_LOT_SIZE',
  'NOTIONAL',
  'ICEBERG_PARTS',
  'MAX_NUM_ORDERS',
  'MAX_NUM_ALGO_ORDERS',
] as const;

/** The list of markets with those halted that are meant. */
const withStatus =
  (isMeant: (id: string) => boolean, status: string) =>
  ({ path }: FaultContext, body: unknown): unknown => {
    if (!path.endsWith('/exchangeInfo') || typeof body !== 'object' || body === null || !('symbols' in body))
      return body;
    return {
      ...body,
      symbols: (body.symbols as Json[]).map((row) => (isMeant(String(row['symbol'])) ? { ...row, status } : row)),
    };
  };

/** Requests that the exchange refuses with one of its codes; none has any effect. */
export const refusalFaults: readonly FaultDefinition[] = [
  {
    name: 'skew',
    summary: "The exchange's wall clock is off: its time answers say so, and signed requests get -1021.",
    parameters: { milliseconds: 'how far ahead, negative for behind (default 10000)' },
    match: {},
    count: null,
    create: (values) => {
      const skew = values.number('milliseconds', 10_000);
      if (skew === 0) throw new ControlError('fault skew: milliseconds must not be 0');
      return { skew };
    },
  },
  refusal(
    'timestamp-rejected',
    'A signed request is refused with -1021 although clocks agree.',
    ORDERS,
    errors.outsideWindow,
  ),
  refusal('insufficient-balance', 'An order is refused with -2010, funds or not.', ORDERS, errors.insufficientBalance),
  refusal(
    'unknown-order',
    'A cancel is refused with -2011 although the order is open.',
    { endpoint: 'order', method: 'DELETE' },
    errors.unknownOrder,
  ),
  refusal(
    'no-such-order',
    'A query is refused with -2013 although the order exists.',
    { endpoint: 'order', method: 'GET' },
    errors.noSuchOrder,
  ),
  refusal('bad-key', 'A signed request is refused with -2015.', ORDERS, errors.badKey),
  refusal(
    'stop-rejected',
    'A protective stop is refused with -2010 after its entry was filled.',
    { ...ORDERS, type: 'stop' },
    errors.wouldTrigger,
  ),
  {
    name: 'market-halted',
    summary:
      'A market takes no order (-1013 Market is closed.) and fills none; what rests there goes on resting and can be cancelled, prices go on.',
    parameters: {
      of: 'only this symbol (default all)',
      status: 'HALT or BREAK, as the list of markets states it (default HALT)',
    },
    match: {},
    count: null,
    create: (values) => {
      const of = symbolId(values.text('of', ''));
      const isMeant = (id: string | undefined): boolean => of === '' || of === id;
      return {
        before: ({ method, path, symbol }) =>
          method === 'POST' && path.endsWith('/order') && isMeant(symbol) ? errorReply(errors.marketClosed()) : null,
        rewrite: withStatus(isMeant, values.choice('status', ['HALT', 'BREAK'], 'HALT')),
        holds: ({ symbol }) => isMeant(symbol),
      };
    },
  },
  {
    name: 'filter',
    summary: 'An order is refused with -1013 and the name of a filter.',
    parameters: { filter: `${FILTERS.join(', ')} (default LOT_SIZE)` },
    match: ORDERS,
    count: 1,
    create: (values) => {
      const filter = values.choice('filter', FILTERS, 'LOT_SIZE');
      return { before: () => errorReply(errors.filter(filter)) };
    },
  },
];
