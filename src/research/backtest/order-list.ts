import { createHash } from 'node:crypto';
import { formatDecimal, type Decimal } from '../../core/decimal.ts';
import type { FillEffect, PlaceEffect } from '../../core/engine/effect.ts';
import type { EpochMs } from '../../core/units.ts';

const text = (value: Decimal | null): string => (value === null ? '-' : formatDecimal(value));

/**
 * Every order and every fill of a run, one line each, and the hash that
 * identifies the result: two runs with the same hash did the same. The venue's own numbers for orders and trades are
 * left out: they tell venues apart, not results.
 */
export class OrderList {
  readonly #lines: string[] = [];
  orders = 0;
  fills = 0;

  placed(effect: PlaceEffect, at: EpochMs): void {
    const { clientOrderId, symbol, side, type, purpose, quantity, limitPrice, stopPrice, timeInForce, reason } =
      effect.order.draft;
    this.orders += 1;
    this.#lines.push(
      `order ${at} ${clientOrderId} ${symbol} ${side} ${type} ${purpose} ${text(quantity)} ${text(limitPrice)} ${text(stopPrice)} ${timeInForce ?? '-'} ${reason}`,
    );
  }

  filled(effect: FillEffect): void {
    const { at, clientOrderId, price, quantity, fee, feeAsset } = effect;
    this.fills += 1;
    this.#lines.push(`fill ${at} ${clientOrderId} ${text(price)} ${text(quantity)} ${text(fee)} ${feeAsset}`);
  }

  lines(): readonly string[] {
    return this.#lines;
  }

  /** SHA-256 of the lines, hexadecimal. */
  hash(): string {
    return createHash('sha256').update(this.#lines.join('\n')).digest('hex');
  }
}
