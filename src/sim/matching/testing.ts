import { DEFAULT_FEES, type FeeSchedule } from './fees.ts';
import { DEFAULT_LIQUIDITY, type Liquidity } from './book.ts';
import { MatchingEngine } from './engine.ts';
import { fixed } from './fixed.ts';
import type { NewOrder } from './order.ts';
import type { SymbolRules } from './rules.ts';

/** Rules as the real BTCUSDT has them, with every order type. For tests. */
export const BTC_RULES: SymbolRules = {
  id: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'],
  quoteOrderQuantityAllowed: true,
  icebergAllowed: true,
  tick: fixed('0.01'),
  minPrice: fixed('0.01'),
  maxPrice: fixed('1000000'),
  step: fixed('0.00001'),
  minQuantity: fixed('0.00001'),
  maxQuantity: fixed('9000'),
  marketStep: 0n,
  marketMinQuantity: 0n,
  marketMaxQuantity: fixed('129.84957276'),
  minNotional: fixed('5'),
  minNotionalToMarket: true,
  maxNotional: fixed('9000000'),
  maxNotionalToMarket: false,
  bidUp: fixed('5'),
  bidDown: fixed('0.2'),
  askUp: fixed('5'),
  askDown: fixed('0.2'),
  maxOrders: 200,
  maxAlgoOrders: 5,
  icebergParts: 10,
};

/** So deep that every order fills at the best price: makes known answers simple. */
export const DEEP: Liquidity = { ...DEFAULT_LIQUIDITY, levelQuote: fixed('1000000000') };

export interface TestEngineOptions {
  readonly price?: string;
  readonly balances?: Readonly<Record<string, string>>;
  readonly liquidity?: Liquidity;
  readonly fees?: FeeSchedule;
  readonly rules?: readonly SymbolRules[];
}

/** An engine at 50,000 (bid 49,995, ask 50,005) with 10,000 USDT and 1 BTC. */
export const testEngine = (options: TestEngineOptions = {}): MatchingEngine => {
  const engine = new MatchingEngine({
    seed: 1,
    liquidity: options.liquidity ?? DEEP,
    fees: options.fees ?? DEFAULT_FEES,
  });
  for (const rules of options.rules ?? [BTC_RULES]) {
    engine.addSymbol({
      rules,
      last: fixed(options.price ?? '50000'),
      time: 1000,
      open: true,
      nextOrderId: 1,
      nextTradeId: 1,
      takenBid: 0n,
      takenAsk: 0n,
    });
  }
  const balances = options.balances ?? { USDT: '10000', BTC: '1' };
  for (const [asset, amount] of Object.entries(balances)) engine.accounts.deposit(asset, fixed(amount));
  return engine;
};

let clientIds = 0;

/** A request with everything that is not said at its neutral value. Prices and quantities as text. */
export const order = (request: {
  readonly side: NewOrder['side'];
  readonly type: NewOrder['type'];
  readonly symbol?: string;
  readonly quantity?: string;
  readonly quoteQuantity?: string;
  readonly price?: string;
  readonly stopPrice?: string;
  readonly timeInForce?: NewOrder['timeInForce'];
  readonly clientOrderId?: string;
}): NewOrder => {
  clientIds += 1;
  return {
    symbol: request.symbol ?? 'BTCUSDT',
    side: request.side,
    type: request.type,
    timeInForce: request.timeInForce ?? 'GTC',
    quantity: fixed(request.quantity ?? '0'),
    quoteQuantity: fixed(request.quoteQuantity ?? '0'),
    price: fixed(request.price ?? '0'),
    stopPrice: fixed(request.stopPrice ?? '0'),
    icebergQuantity: 0n,
    selfTradePrevention: 'EXPIRE_MAKER',
    clientOrderId: request.clientOrderId ?? `test-${clientIds}`,
  };
};
