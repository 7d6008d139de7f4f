import { decimal } from '../decimal.ts';
import type { OrderDraft } from './order.ts';

/** An entry as the engine wants it sent: one bitcoin at most at 50,000. */
export const entryDraft = (clientOrderId = 'gb-1'): OrderDraft => ({
  clientOrderId,
  symbol: 'BTC/USDT',
  side: 'buy',
  type: 'limit',
  purpose: 'entry',
  quantity: decimal('1'),
  limitPrice: decimal('50000'),
  stopPrice: null,
  timeInForce: 'IOC',
  expiresAtWall: 5,
  reason: 'test',
});
