import { formatFixed, type Fixed } from './fixed.ts';

export interface Balance {
  readonly free: Fixed;
  readonly locked: Fixed;
  /** Everything ever paid in less everything paid out, from outside: for proving that nothing appears or vanishes. */
  readonly deposited: Fixed;
}

const EMPTY: Balance = { free: 0n, locked: 0n, deposited: 0n };

/**
 * The account's balances. Invariant: neither free nor locked is ever below
 * zero; a booking that would break it throws, because it is a fault of the
 * simulator and not of the bot.
 */
export class Accounts {
  readonly #balances = new Map<string, Balance>();
  /** In alphabetical order. */
  #names: readonly string[] = [];
  readonly #changed = new Set<string>();

  get(asset: string): Balance {
    return this.#balances.get(asset) ?? EMPTY;
  }

  /** All assets that there ever was something of, in alphabetical order. */
  get assets(): readonly string[] {
    return this.#names;
  }

  entries(): [asset: string, balance: Balance][] {
    return this.#names.map((asset) => [asset, this.get(asset)]);
  }

  /** Puts a stored balance back without marking it as changed. */
  restore(asset: string, balance: Balance): void {
    if (!this.#balances.has(asset)) this.#names = [...this.#names, asset].sort();
    this.#balances.set(asset, balance);
  }

  /** Money from outside; negative takes it out. Returns false when there is not enough free. */
  deposit(asset: string, amount: Fixed): boolean {
    const before = this.get(asset);
    if (before.free + amount < 0n) return false;
    this.#set(asset, { ...before, free: before.free + amount, deposited: before.deposited + amount });
    return true;
  }

  lock(asset: string, amount: Fixed): void {
    const before = this.get(asset);
    this.#set(asset, { ...before, free: before.free - amount, locked: before.locked + amount });
  }

  unlock(asset: string, amount: Fixed): void {
    this.lock(asset, -amount);
  }

  addFree(asset: string, amount: Fixed): void {
    const before = this.get(asset);
    this.#set(asset, { ...before, free: before.free + amount });
  }

  spendLocked(asset: string, amount: Fixed): void {
    const before = this.get(asset);
    this.#set(asset, { ...before, locked: before.locked - amount });
  }

  /** Names of the assets changed since the last call. */
  takeChanged(): string[] {
    if (this.#changed.size === 0) return [];
    const names = [...this.#changed];
    this.#changed.clear();
    return names;
  }

  #set(asset: string, balance: Balance): void {
    if (balance.free < 0n || balance.locked < 0n) {
      throw new Error(
        `${asset} would go below zero: free ${formatFixed(balance.free)}, locked ${formatFixed(balance.locked)}`,
      );
    }
    this.restore(asset, balance);
    this.#changed.add(asset);
  }
}
