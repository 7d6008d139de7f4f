import { RollingSums } from './rolling.ts';
import { SQUARES, type SymbolState } from './symbol-state.ts';

const WINDOW = 168;

/** How a symbol moves with the context symbol, over the hours that both have. */
export class PairState {
  readonly #products = new RollingSums([WINDOW], 47, 1 / 16);
  readonly #own: SymbolState;
  readonly #context: SymbolState;
  #count = 0;
  #openTime = Number.NaN;

  constructor(own: SymbolState, context: SymbolState) {
    this.#own = own;
    this.#context = context;
  }

  /** Called after either symbol's push; counts an hour once, when both have it. */
  update(): void {
    const { openTime } = this.#own;
    if (openTime !== this.#context.openTime || openTime === this.#openTime) return;
    if (this.#own.count === 1 || this.#context.count === 1) this.#clear();
    this.#products.push(this.#own.change * this.#context.change);
    this.#openTime = openTime;
    this.#count++;
  }

  get warm(): boolean {
    return this.#count >= WINDOW;
  }

  /** Slope of own on context returns through the origin, over 168 hours. */
  beta(): number {
    return this.#products.sum(0) / this.#context.squares.sum(SQUARES.h168);
  }

  /** Uncentred correlation over 168 hours; cut to [-1, 1], which an outage of one side alone can overstep. */
  correlation(): number {
    const both = this.#own.squares.sum(SQUARES.h168) * this.#context.squares.sum(SQUARES.h168);
    const value = this.#products.sum(0) / Math.sqrt(both);
    return value > 1 ? 1 : value < -1 ? -1 : value;
  }

  #clear(): void {
    this.#products.clear();
    this.#count = 0;
  }
}
