import type { OrderDraft } from '../orders/order.ts';

/**
 * An order that the Guardian has checked and whose intent is being recorded.
 *
 * Invariant: instances are made by `approve` alone, and `approve` is imported
 * by the pre-trade check alone (a direction rule holds that). The private
 * field makes a look-alike object fail to compile; `isApprovedOrder` makes it
 * fail at run time in the venue adapters.
 */
export class ApprovedOrder {
  readonly #draft: OrderDraft;

  private constructor(draft: OrderDraft) {
    this.#draft = draft;
  }

  get draft(): OrderDraft {
    return this.#draft;
  }

  /** Only the pre-trade check calls this. */
  static approve(draft: OrderDraft): ApprovedOrder {
    return new ApprovedOrder(Object.freeze({ ...draft }));
  }

  /** What the journal records. */
  toJSON(): OrderDraft {
    return this.#draft;
  }

  static isApprovedOrder(value: unknown): value is ApprovedOrder {
    return typeof value === 'object' && value !== null && #draft in value;
  }
}
