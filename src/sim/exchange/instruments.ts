import type { SymbolName } from '../../core/units.ts';
import { fixed, formatFixed, type Fixed } from '../matching/fixed.ts';
import type { SimOrderType } from '../matching/order.ts';
import { assertExactQuotes, type SymbolRules } from '../matching/rules.ts';

/** What a symbol may be given differently from the exchange's own filters. Decimal text throughout. */
export interface InstrumentOverride {
  readonly tickSize?: string;
  readonly minPrice?: string;
  readonly maxPrice?: string;
  readonly stepSize?: string;
  readonly minQuantity?: string;
  readonly maxQuantity?: string;
  readonly marketStepSize?: string;
  readonly marketMaxQuantity?: string;
  readonly minNotional?: string;
  readonly maxNotional?: string;
  readonly maxNumOrders?: number;
  readonly maxNumAlgoOrders?: number;
  readonly orderTypes?: readonly SimOrderType[];
}

type Complete = Required<InstrumentOverride>;

const COMMON: Complete = {
  tickSize: '0.01',
  minPrice: '0.01',
  maxPrice: '1000000',
  stepSize: '0.00001',
  minQuantity: '0.00001',
  maxQuantity: '9000',
  marketStepSize: '0',
  marketMaxQuantity: '129.84957276',
  minNotional: '5',
  maxNotional: '9000000',
  maxNumOrders: 200,
  maxNumAlgoOrders: 5,
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'],
};

/** The filters of the real exchange (recorded September 2024). */
const KNOWN: Readonly<Record<SymbolName, Partial<Complete>>> = {
  'BTC/USDT': {},
  'ETH/USDT': { stepSize: '0.0001', minQuantity: '0.0001', marketMaxQuantity: '3125.75267907' },
  'BNB/USDT': {
    tickSize: '0.1',
    minPrice: '0.1',
    maxPrice: '100000',
    stepSize: '0.001',
    minQuantity: '0.001',
    maxQuantity: '900000',
    marketMaxQuantity: '4883.5223682',
  },
  'XRP/USDT': {
    tickSize: '0.0001',
    minPrice: '0.0001',
    maxPrice: '10000',
    stepSize: '1',
    minQuantity: '1',
    maxQuantity: '9222449',
    marketMaxQuantity: '4886361.72803347',
  },
  'SOL/USDT': {
    maxPrice: '10000',
    stepSize: '0.001',
    minQuantity: '0.001',
    maxQuantity: '90000',
    marketMaxQuantity: '64306.31937238',
  },
};

export interface Instrument {
  readonly name: SymbolName;
  readonly rules: SymbolRules;
  /** This symbol's entry in `exchangeInfo`. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** PERCENT_PRICE_BY_SIDE, the same for all symbols here. */
const MULTIPLIER_UP = '5';
const MULTIPLIER_DOWN = '0.2';
const ICEBERG_PARTS = 10;

/**
 * The instrument of a symbol, from the exchange's own filters and the overrides.
 * @throws RangeError when the name is not BASE/QUOTE, or a symbol we have no filters for comes without tick and step.
 */
export const instrumentOf = (name: SymbolName, override: InstrumentOverride = {}): Instrument => {
  const [base = '', quote = '', ...rest] = name.split('/');
  if (base === '' || quote === '' || rest.length > 0)
    throw new RangeError(`not a symbol of the form BASE/QUOTE: "${name}"`);
  const known = KNOWN[name];
  if (known === undefined && (override.tickSize === undefined || override.stepSize === undefined)) {
    throw new RangeError(`${name}: no filters are known for it; give at least tickSize and stepSize`);
  }
  const minima =
    known === undefined ? { minPrice: override.tickSize ?? '0', minQuantity: override.stepSize ?? '0' } : {};
  const complete: Complete = { ...COMMON, ...minima, ...known, ...override };
  const rules = rulesOf(base, quote, complete);
  assertExactQuotes(rules);
  return { name, rules, info: infoOf(base, quote, complete) };
};

const rulesOf = (base: string, quote: string, complete: Complete): SymbolRules => ({
  id: `${base}${quote}`,
  base,
  quote,
  orderTypes: complete.orderTypes,
  quoteOrderQuantityAllowed: true,
  icebergAllowed: true,
  tick: fixed(complete.tickSize),
  minPrice: fixed(complete.minPrice),
  maxPrice: fixed(complete.maxPrice),
  step: fixed(complete.stepSize),
  minQuantity: fixed(complete.minQuantity),
  maxQuantity: fixed(complete.maxQuantity),
  marketStep: fixed(complete.marketStepSize),
  marketMinQuantity: 0n,
  marketMaxQuantity: fixed(complete.marketMaxQuantity),
  minNotional: fixed(complete.minNotional),
  minNotionalToMarket: true,
  maxNotional: fixed(complete.maxNotional),
  maxNotionalToMarket: false,
  bidUp: fixed(MULTIPLIER_UP),
  bidDown: fixed(MULTIPLIER_DOWN),
  askUp: fixed(MULTIPLIER_UP),
  askDown: fixed(MULTIPLIER_DOWN),
  maxOrders: complete.maxNumOrders,
  maxAlgoOrders: complete.maxNumAlgoOrders,
  icebergParts: ICEBERG_PARTS,
});

/** The instrument with another least notional, in what the exchange states and in what it takes. */
export const withLeastNotional = ({ name, rules, info }: Instrument, minNotional: Fixed): Instrument => ({
  name,
  rules: { ...rules, minNotional },
  info: {
    ...info,
    filters: (info['filters'] as ReturnType<typeof filtersOf>).map((filter) =>
      filter['filterType'] === 'NOTIONAL' ? { ...filter, minNotional: formatFixed(minNotional) } : filter,
    ),
  },
});

const text = (value: string): string => formatFixed(fixed(value));

const filtersOf = (complete: Complete): readonly Readonly<Record<string, unknown>>[] => [
  {
    filterType: 'PRICE_FILTER',
    minPrice: text(complete.minPrice),
    maxPrice: text(complete.maxPrice),
    tickSize: text(complete.tickSize),
  },
  {
    filterType: 'LOT_SIZE',
    minQty: text(complete.minQuantity),
    maxQty: text(complete.maxQuantity),
    stepSize: text(complete.stepSize),
  },
  { filterType: 'ICEBERG_PARTS', limit: ICEBERG_PARTS },
  {
    filterType: 'MARKET_LOT_SIZE',
    minQty: text('0'),
    maxQty: text(complete.marketMaxQuantity),
    stepSize: text(complete.marketStepSize),
  },
  {
    filterType: 'TRAILING_DELTA',
    minTrailingAboveDelta: 10,
    maxTrailingAboveDelta: 2000,
    minTrailingBelowDelta: 10,
    maxTrailingBelowDelta: 2000,
  },
  {
    filterType: 'PERCENT_PRICE_BY_SIDE',
    bidMultiplierUp: MULTIPLIER_UP,
    bidMultiplierDown: MULTIPLIER_DOWN,
    askMultiplierUp: MULTIPLIER_UP,
    askMultiplierDown: MULTIPLIER_DOWN,
    avgPriceMins: 5,
  },
  {
    filterType: 'NOTIONAL',
    minNotional: text(complete.minNotional),
    applyMinToMarket: true,
    maxNotional: text(complete.maxNotional),
    applyMaxToMarket: false,
    avgPriceMins: 5,
  },
  { filterType: 'MAX_NUM_ORDERS', maxNumOrders: complete.maxNumOrders },
  { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: complete.maxNumAlgoOrders },
];

const infoOf = (base: string, quote: string, complete: Complete): Readonly<Record<string, unknown>> => ({
  symbol: `${base}${quote}`,
  status: 'TRADING',
  baseAsset: base,
  baseAssetPrecision: 8,
  quoteAsset: quote,
  quotePrecision: 8,
  quoteAssetPrecision: 8,
  baseCommissionPrecision: 8,
  quoteCommissionPrecision: 8,
  orderTypes: complete.orderTypes,
  icebergAllowed: true,
  ocoAllowed: true,
  otoAllowed: true,
  quoteOrderQtyMarketAllowed: true,
  allowTrailingStop: true,
  cancelReplaceAllowed: true,
  isSpotTradingAllowed: true,
  isMarginTradingAllowed: false,
  filters: filtersOf(complete),
  permissions: [],
  permissionSets: [['SPOT']],
  defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
  allowedSelfTradePreventionModes: ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
});

/** The `rateLimits` part of exchangeInfo. */
export const RATE_LIMITS = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 50 },
  { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 160_000 },
  { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 },
] as const;
