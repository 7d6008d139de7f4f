import { z } from 'zod';

import { decimal, formatDecimal } from '../../core/decimal.ts';
import type { Read } from '../../ports/venue.ts';

/**
 * The shapes of the exchange's answers. Money stays exact text in one
 * spelling (no trailing zeros), so that the same fill read from two endpoints is the same.
 */
const exactAmount = z.string().transform((text, context) => {
  try {
    return formatDecimal(decimal(text));
  } catch {
    context.addIssue({ code: 'custom', message: `"${text.slice(0, 40)}" is not a decimal amount` });
    return z.NEVER;
  }
});

const amount = exactAmount.refine((text) => !text.startsWith('-'), { message: 'a negative amount' });

/** Ids may pass what a double holds exactly; the client library then gives them as text. */
const id = z.union([z.string().regex(/^\d+$/), z.int().nonnegative().transform(String)]);

/** Milliseconds, as a number or its digits. */
const time = z.union([
  z.int().positive(),
  z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number),
]);

const positivePrice = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform(Number);

export const serverTimeAnswer = z.object({ serverTime: time });

const filter = z.looseObject({ filterType: z.string() });

export const exchangeInfoAnswer = z.object({
  rateLimits: z
    .array(z.object({ rateLimitType: z.string(), interval: z.string(), intervalNum: z.int(), limit: z.int() }))
    .optional(),
  symbols: z.array(
    z.object({
      symbol: z.string(),
      status: z.string(),
      baseAsset: z.string(),
      quoteAsset: z.string(),
      orderTypes: z.array(z.string()),
      isSpotTradingAllowed: z.boolean(),
      filters: z.array(filter),
    }),
  ),
});
/** What the account has used of its limits of orders. */
export const orderCountsAnswer = z.array(
  z.object({ rateLimitType: z.string(), interval: z.string(), intervalNum: z.int(), limit: z.int(), count: z.int() }),
);
export type SymbolInfo = z.output<typeof exchangeInfoAnswer>['symbols'][number];

export const priceFilter = z.object({ minPrice: amount, maxPrice: amount, tickSize: amount });
export const lotSizeFilter = z.object({ minQty: amount, maxQty: amount, stepSize: amount });
export const notionalFilter = z.object({ minNotional: amount, maxNotional: amount.optional() });
export const maxOrdersFilter = z.object({ maxNumOrders: z.int().nonnegative() });
export const maxAlgoOrdersFilter = z.object({ maxNumAlgoOrders: z.int().nonnegative() });

/** Twelve columns; the last one is unused by the exchange. */
export const klinesAnswer = z.array(
  z.tuple([
    time,
    positivePrice,
    positivePrice,
    positivePrice,
    positivePrice,
    positivePrice,
    time,
    positivePrice,
    z.int().nonnegative(),
    positivePrice,
    positivePrice,
    z.unknown(),
  ]),
);
export type Kline = z.output<typeof klinesAnswer>[number];

export const bookTickersAnswer = z.array(
  z.object({ symbol: z.string(), bidPrice: positivePrice, askPrice: positivePrice }),
);
export const tickerPricesAnswer = z.array(z.object({ symbol: z.string(), price: positivePrice }));

export const accountAnswer = z.object({
  balances: z.array(z.object({ asset: z.string().min(1), free: amount, locked: amount })),
});

/**
 * Who the account is, and what it pays as a taker; the sandbox and other spot exchanges of the kind may leave the rates
 * out.
 */
export const accountIdentityAnswer = z.object({
  uid: id,
  canTrade: z.boolean(),
  commissionRates: z
    .object({
      taker: z
        .string()
        .regex(/^\d+(\.\d+)?$/)
        .transform(Number),
    })
    .optional(),
});

/** What the API key may do. A right that is not stated counts as unknown, which is a malformed answer. */
export const keyRightsAnswer = z.object({
  ipRestrict: z.boolean(),
  enableReading: z.boolean(),
  enableWithdrawals: z.boolean(),
  enableSpotAndMarginTrading: z.boolean(),
  enableInternalTransfer: z.boolean().optional(),
  permitsUniversalTransfer: z.boolean().optional(),
  enableMargin: z.boolean().optional(),
  enableFutures: z.boolean().optional(),
  enableVanillaOptions: z.boolean().optional(),
  enablePortfolioMarginTrading: z.boolean().optional(),
});

/** What fees are paid in: with the discount switched on, in a coin of its own as long as the account has some of it. */
export const commissionAnswer = z.object({
  discount: z.object({ enabledForAccount: z.boolean(), discountAsset: z.string().nullable() }),
});

export const orderHeadsAnswer = z.array(z.object({ clientOrderId: z.string(), time }));

const side = z.enum(['BUY', 'SELL']);
const status = z.enum([
  'NEW',
  'PENDING_NEW',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELED',
  'PENDING_CANCEL',
  'REJECTED',
  'EXPIRED',
  'EXPIRED_IN_MATCH',
]);

/** Any order answer: create (FULL), query, cancel, open orders. */
export const orderAnswer = z.object({
  symbol: z.string(),
  orderId: id,
  clientOrderId: z.string(),
  origClientOrderId: z.string().optional(),
  side,
  status,
  type: z.string().optional(),
  origQty: amount,
  executedQty: amount,
  /** Below zero: not known, of orders from before the exchange kept it. */
  cummulativeQuoteQty: exactAmount.optional(),
  /**
   * NONE where there is none. For people: whatever it is, it spoils no order. Source: Binance spot API, enums, expiry
   * reasons.
   */
  expiryReason: z
    .string()
    .transform((text) => text.slice(0, 60))
    .optional()
    .catch(undefined),
  transactTime: time.optional(),
  fills: z
    .array(
      z.object({
        price: amount,
        qty: amount,
        commission: exactAmount,
        commissionAsset: z.string().min(1),
        tradeId: id,
      }),
    )
    .optional(),
});
export type OrderAnswer = z.output<typeof orderAnswer>;

export const openOrdersAnswer = z.array(orderAnswer);

export const myTradesAnswer = z.array(
  z.object({
    id,
    orderId: id,
    price: amount,
    qty: amount,
    quoteQty: amount,
    commission: exactAmount,
    commissionAsset: z.string().min(1),
    time,
    isBuyer: z.boolean(),
  }),
);
export type TradeAnswer = z.output<typeof myTradesAnswer>[number];

/** Holds an answer against its shape: what does not fit is `malformed`, which counts as unknown wherever it matters. */
export const checkAnswer = <T>(what: string, schema: z.ZodType<T>, read: Read<unknown>): Read<T> => {
  if (!read.ok) return read;
  const parsed = schema.safeParse(read.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'the answer' : issue.path.join('.');
  return malformed(`${what}: ${where}: ${issue?.message ?? 'unexpected shape'}`);
};

/** The failing half of a read. */
export type Failed = Extract<Read<never>, { readonly ok: false }>;

export const malformed = (message: string): Failed => ({
  ok: false,
  error: { kind: 'malformed', code: 'malformed-answer', message, retryAfter: null },
});
