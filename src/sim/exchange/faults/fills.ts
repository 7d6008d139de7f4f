import { floorTo, times } from '../../matching/fixed.ts';
import { isOpen, isWorking, remaining, type SimOrder } from '../../matching/order.ts';
import type { Exchange } from '../exchange.ts';
import { cancelId } from '../routes/orders.ts';
import { cancelView, type Json } from '../views.ts';
import type { FaultDefinition, FaultContext } from './fault.ts';

const TRADES = { endpoint: 'myTrades', method: 'GET' } as const;

const rewriteList =
  (change: (rows: readonly Json[], context: FaultContext) => readonly Json[]) =>
  (context: FaultContext, body: unknown): unknown =>
    Array.isArray(body) ? change(body as Json[], context) : body;

/** Hides each trade that happens from now on until it has been asked for `reads` times. */
const lateFills = (exchange: Exchange, reads: number) => {
  const from = exchange.engine.files.tradeCount;
  const asked = new Map<string, number>();
  const sequences = (symbol: string): Map<unknown, number> =>
    new Map(exchange.engine.files.trades(symbol).map((trade) => [trade.id, trade.sequence]));
  const shown = (row: Json, known: Map<unknown, number>): boolean => {
    if ((known.get(row['id']) ?? -1) < from) return true;
    const key = `${String(row['symbol'])}/${String(row['id'])}`;
    const count = (asked.get(key) ?? 0) + 1;
    asked.set(key, count);
    return count > reads;
  };
  return (context: FaultContext, body: unknown): unknown => {
    if (context.method === 'POST') return withoutFills(body);
    if (!Array.isArray(body)) return body;
    const known = sequences(context.symbol ?? '');
    return (body as Json[]).filter((row) => shown(row, known));
  };
};

const withoutFills = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && 'fills' in body ? { ...body, fills: [] } : body;

const partOf = (exchange: Exchange, order: SimOrder, fraction: bigint): bigint =>
  floorTo(times(remaining(order), fraction), exchange.engine.symbol(order.symbol).rules.step);

/** Executions that are reported, or happen, otherwise than a client would like. */
export const fillFaults: readonly FaultDefinition[] = [
  {
    name: 'duplicate-fills',
    summary: 'Every trade is listed twice.',
    parameters: {},
    match: TRADES,
    count: null,
    create: () => ({ rewrite: rewriteList((rows) => rows.flatMap((row) => [row, row])) }),
  },
  {
    name: 'reordered-fills',
    summary: 'Trades are listed newest first.',
    parameters: {},
    match: TRADES,
    count: null,
    create: () => ({ rewrite: rewriteList((rows) => rows.toReversed()) }),
  },
  {
    name: 'late-fills',
    summary:
      'Orders show what was executed, but the trades appear only after some reads; answers to orders carry no fills.',
    parameters: { reads: 'how many lists of trades leave a new trade out (default 2)' },
    match: {},
    count: null,
    create: (values, exchange) => {
      const rewrite = lateFills(exchange, values.number('reads', 2));
      return {
        rewrite: (context, body) =>
          context.path.endsWith('/myTrades') || (context.path.endsWith('/order') && context.method === 'POST')
            ? rewrite(context, body)
            : body,
      };
    },
  },
  {
    name: 'fill-after-cancel',
    summary: 'The order is filled at the market while its cancel is under way.',
    parameters: {
      fraction: 'part of the remainder that is filled (default 1)',
      answer:
        '`truth`: what the exchange then says, -2011 when nothing is left; `cancelled`: a cancel that knows nothing of the fill (default truth)',
    },
    match: { endpoint: 'order', method: 'DELETE' },
    count: 1,
    create: (values, exchange) => {
      const fraction = values.fraction('fraction', 1);
      const answer = values.choice('answer', ['truth', 'cancelled'], 'truth');
      return {
        before: ({ order, parameters }) => {
          if (order === undefined || !isOpen(order)) return null;
          const unaware = cancelView({ ...order, status: 'CANCELED' }, cancelId(order, parameters));
          exchange.engine.forceFill(order, partOf(exchange, order, fraction));
          if (answer === 'truth') return null;
          if (isOpen(order)) exchange.engine.cancel(order);
          return { kind: 'reply', reply: { status: 200, body: unaware } };
        },
      };
    },
  },
  {
    name: 'partial-then-cancel',
    summary: 'An order that executes is filled in part, then the exchange itself closes it.',
    parameters: {
      fraction: 'part of the remainder that is filled (default 0.5)',
      status: 'CANCELED or EXPIRED (default EXPIRED)',
    },
    match: {},
    count: 1,
    create: (values, exchange) => {
      const fraction = values.fraction('fraction', 0.5);
      const status = values.choice('status', ['CANCELED', 'EXPIRED'], 'EXPIRED');
      return { cap: (order) => ({ quantity: partOf(exchange, order, fraction), status }) };
    },
  },
  {
    name: 'stop-triggered-unfilled',
    summary: 'A stop triggers and goes on the book, but is not filled while the fault lasts.',
    parameters: {},
    match: { type: 'stop' },
    count: null,
    create: () => ({ holds: (order) => isWorking(order) }),
  },
  {
    name: 'unfilled',
    summary: 'Orders are accepted and rest, but nothing is filled while the fault lasts.',
    parameters: {},
    match: {},
    count: null,
    create: () => ({ holds: () => true }),
  },
];
