import type { EngineState } from '../core/engine/state.ts';
import type { RepairStep, SymbolReading } from '../core/ledger/plan.ts';
import type { SymbolName } from '../core/units.ts';

/** What a comparison of orders and trades came to. */
export interface Findings {
  /** Whether every query was answered: only then do balances prove anything. */
  readonly complete: boolean;
  /** What was asked in vain, and the exchange's words; null where every query was answered. */
  readonly why: string | null;
  /** Whether nothing had to be repaired. */
  readonly clean: boolean;
  /** Client ids of the orders that have to be looked up. */
  readonly lookUps: readonly string[];
  readonly foreign: readonly string[];
  /** How many others' orders and trades there are, named or not. */
  readonly foreignCount: number;
  readonly orphans: readonly string[];
  /** Symbols with the booked trade that the exchange no longer has. */
  readonly historyLost: readonly string[];
  /** Symbols that the exchange no longer lists and that are traded, or of which something is held or under way. */
  readonly unlisted: readonly SymbolName[];
  /** How many orders that wait for a trigger are not in the books, by symbol; those without one are left out. */
  readonly algoOrders: Readonly<Record<SymbolName, number>>;
}

/** Names of others' trades that are listed at most: a person who trades beside the bot is no news by the hundred. */
const MOST_FOREIGN = 20;

/** Of a comparison that had nothing to ask. */
export const NOTHING_FOUND: Findings = {
  complete: true,
  why: null,
  clean: true,
  lookUps: [],
  foreign: [],
  foreignCount: 0,
  orphans: [],
  historyLost: [],
  unlisted: [],
  algoOrders: {},
};

/** What the steps of a repair say. */
export const findingsOf = (steps: readonly RepairStep[]): Omit<Findings, 'algoOrders' | 'unlisted' | 'why'> => {
  if (steps.length === 0) return NOTHING_FOUND;
  const lookUps: string[] = [];
  const foreign: string[] = [];
  const orphans: string[] = [];
  const historyLost: string[] = [];
  let complete = true;
  let clean = true;
  for (const step of steps) {
    if (step.kind === 'report-foreign') foreign.push(`${step.symbol} ${step.what} ${step.id}`);
    else if (step.kind === 'report-orphan') orphans.push(`${step.symbol} ${step.clientOrderId}`);
    else if (step.kind === 'history-lost') historyLost.push(`${step.symbol} trade ${step.tradeId}`);
    else if (step.kind === 'read-again') complete = false;
    else {
      clean = false;
      if (step.kind === 'look-up') lookUps.push(step.clientOrderId);
    }
  }
  return {
    complete,
    clean,
    lookUps,
    foreign: foreign.slice(0, MOST_FOREIGN),
    foreignCount: foreign.length,
    orphans,
    historyLost,
  };
};

/** Stops of others take the places that ours need. */
export const othersAlgoOrders = (state: EngineState, readings: readonly SymbolReading[]): Findings['algoOrders'] => {
  const counts: Record<SymbolName, number> = {};
  for (const { symbol, open } of readings) {
    for (const { algo, clientOrderId } of open ?? []) {
      if (algo === true && state.orders[clientOrderId] === undefined) counts[symbol] = (counts[symbol] ?? 0) + 1;
    }
  }
  return counts;
};
