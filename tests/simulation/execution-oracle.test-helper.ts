import type { Effect } from '../../src/core/engine/effect.ts';
import type { Input, OrderReportInput } from '../../src/core/engine/input.ts';
import type { OrderDraft } from '../../src/core/orders/order.ts';

interface Sent {
  readonly draft: OrderDraft;
  /** Wall time since which its outcome is open, or null. */
  open: number | null;
  /** Wall time since which its cancellation is wanted, or null. */
  cancel: number | null;
  /** Whether a cancellation is under way: then never sent is what was wanted. */
  withdrawn: boolean;
  /** `said`: the exchange itself has stated its end. */
  ended: 'no' | 'believed' | 'said';
  /** Whether something has been heard of it since it was placed. */
  heard: boolean;
}

/**
 * The execution lock as docs/guardian.md states it, written down naively from inputs and orders. All times are wall
 * time.
 */
export class ExecutionOracle {
  readonly #orders = new Map<string, Sent>();
  #failures = 0;
  #trouble: number | null = null;

  /** Takes what an input says of orders. */
  take(input: Input, effects: readonly Effect[], wall: number): void {
    if (input.type === 'started') this.#started(wall);
    if (input.type === 'order-report') this.#report(input, wall);
    if (input.type === 'cancel-failed') this.#notCancelled(input.clientOrderId, wall);
    if (
      input.type === 'command' &&
      input.command.name === 'settle' &&
      effects.some((effect) => effect.type === 'command-result' && effect.ok)
    )
      this.#trouble = wall;
    for (const effect of effects)
      if (effect.type === 'order' && effect.status === 'settled') this.#end(effect.clientOrderId, 'believed');
  }

  /** Takes down what has been sent and is to be cancelled. */
  note(effects: readonly Effect[], wall: number): void {
    for (const effect of effects) {
      if (effect.type === 'place') {
        const { draft } = effect.order;
        this.#orders.set(draft.clientOrderId, {
          draft,
          open: wall,
          cancel: null,
          withdrawn: false,
          ended: 'no',
          heard: false,
        });
      }
      const order = effect.type === 'cancel' ? this.#orders.get(effect.clientOrderId) : undefined;
      if (order !== undefined) Object.assign(order, { cancel: order.cancel ?? wall, withdrawn: true });
    }
  }

  /** Whether the lock is held now, given that it was. */
  isHeld(was: boolean, wall: number): boolean {
    const waits = [...this.#orders.values()].flatMap(({ ended, open, cancel }) =>
      ended !== 'no' ? [] : open !== null ? [open] : cancel === null ? [] : [cancel],
    );
    if (waits.some((since) => wall - since > 60_000)) {
      this.#trouble = wall;
      return true;
    }
    if (!was) return this.#failures >= 3;
    if (waits.length > 0 || this.#trouble === null || wall - this.#trouble < 300_000) return true;
    this.#failures = 0;
    return false;
  }

  /** What was under way when the process died is asked for; nothing is wanted cancelled any more. */
  #started(wall: number): void {
    for (const order of this.#orders.values()) {
      Object.assign(order, { cancel: null, withdrawn: false });
      if (!order.heard && order.ended === 'no') Object.assign(order, { open: wall, heard: true });
    }
  }

  #notCancelled(id: string, wall: number): void {
    const order = this.#orders.get(id);
    if (order === undefined || order.ended !== 'no') return;
    order.withdrawn = false;
    this.#trouble = wall;
  }

  #end(id: string, ended: 'believed' | 'said'): void {
    const order = this.#orders.get(id);
    if (order !== undefined) Object.assign(order, { ended, open: null, cancel: null, withdrawn: false, heard: true });
  }

  #fail(wall: number): void {
    this.#failures += 1;
    this.#trouble = wall;
  }

  #report({ clientOrderId, outcome }: OrderReportInput, wall: number): void {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return;
    const { ended, open, withdrawn, draft, heard } = order;
    order.heard = true;
    switch (outcome.kind) {
      case 'known': {
        if (ended === 'said') return;
        const { status, executedQuantity, quantity } = outcome.order;
        if (status === 'filled' || status === 'cancelled' || status === 'expired') this.#end(clientOrderId, 'said');
        else Object.assign(order, { ended: 'no', open: null });
        // Only one that has just arrived ends a row of failures.
        if (ended === 'no' && open !== null) this.#failures = 0;
        if (draft.purpose === 'exit' && status === 'expired' && 2 * Number(executedQuantity) < Number(quantity))
          this.#fail(wall);
        return;
      }
      case 'rejected':
      case 'not-sent':
        if (ended !== 'no' || open === null) return;
        this.#end(clientOrderId, 'believed');
        if (outcome.kind === 'rejected' || !withdrawn) this.#fail(wall);
        return;
      case 'unknown':
        if (ended !== 'no') return;
        if (open === null || !heard) order.open = wall;
        this.#trouble = wall;
        return;
      case 'not-found':
        if (ended !== 'no') return;
        this.#end(clientOrderId, 'believed');
        this.#fail(wall);
    }
  }
}
