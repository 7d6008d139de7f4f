import { heldInHalt, type EngineState } from '../../core/engine/state.ts';
import type { OperatorCommand } from '../../core/engine/input.ts';
import { noPosition } from '../../core/words.ts';
import type { Caller, CommandOutcome, PositionView } from '../../ports/operator.ts';
import type { FlattenPreview, OperatorTools, ShownPosition } from '../../ports/operator-tools.ts';
import { positionViews } from './views.ts';

export type Run = (caller: Caller, command: OperatorCommand) => Promise<CommandOutcome>;

const openedBy = (state: EngineState, symbol: string): string | null =>
  state.symbols[symbol]?.managed?.entryOrderId ?? null;

/** An entry that may become a position yet: whoever wants none is not there. */
const underWay = (state: EngineState, symbol: string | null): string | null => {
  const entries = state.openOrders.filter(
    ({ draft }) => draft.purpose === 'entry' && (symbol === null || draft.symbol === symbol),
  );
  return entries.length === 0
    ? null
    : `${noPosition(symbol)} An entry in ${entries.map(({ draft }) => draft.symbol).join(', ')} is under way: /halt withdraws it.`;
};

const saleView = (state: EngineState, view: PositionView): FlattenPreview['positions'][number] => {
  const { symbol, quantity, lastPrice } = view;
  const { takerFee } = state.config ?? { takerFee: 0 };
  return {
    symbol,
    openedBy: openedBy(state, symbol) ?? '',
    quantity,
    lastPrice,
    estimatedProceeds: lastPrice === null ? null : quantity * lastPrice * (1 - takerFee),
    ...(heldInHalt(state).includes(symbol) ? { halted: true as const } : {}),
  };
};

const flattenPreview = (state: EngineState, symbol: string | null): FlattenPreview => {
  const wanted = positionViews(state).filter((view) => symbol === null || view.symbol === symbol);
  const stranded = wanted.filter((view) => state.symbols[view.symbol]?.unlisted === true).map((view) => view.symbol);
  const positions = wanted.filter((view) => !stranded.includes(view.symbol)).map((view) => saleView(state, view));
  if (positions.length === 0 && stranded.length > 0)
    return {
      positions,
      refusal: `The exchange no longer lists ${stranded.join(', ')}: it cannot be sold here. Convert or withdraw it at the exchange.`,
    };
  return { positions, refusal: positions.length > 0 ? null : underWay(state, symbol) };
};

/** Looked at in the very moment of the sale: the engine steps before anything else can happen. */
const sell = (state: EngineState, run: Run, caller: Caller, shown: ShownPosition): Promise<CommandOutcome> => {
  const { symbol } = shown;
  const now = openedBy(state, symbol);
  if (now === null || now === shown.openedBy) return run(caller, { name: 'flatten', symbol });
  return Promise.resolve({
    ok: false,
    code: 'another-position',
    text: `${symbol}: the position that was shown, opened by ${shown.openedBy}, has closed. The one opened since by ${now} is not sold; send /flatten ${symbol} for it.`,
  });
};

const outcomeOf = (outcomes: readonly CommandOutcome[]): CommandOutcome => {
  // First what is being sold: the first sentence is read as the whole.
  const text = [...outcomes]
    .sort((one, other) => Number(other.ok) - Number(one.ok))
    .map((outcome) => outcome.text)
    .join(' ');
  // What has closed meanwhile, by its stop or another's hand, is what was wanted; what cannot be sold must not hide
  // that the others are being.
  const failed = outcomes.find(({ ok, code }) => !ok && code !== 'no-position');
  const sold = outcomes.some(({ ok }) => ok);
  if (failed === undefined)
    return sold
      ? { ok: true, code: 'done', text }
      : { ok: true, code: 'nothing-to-do', text: `Closed meanwhile. ${text}` };
  return sold ? { ok: true, code: 'partly', text } : { ok: false, code: failed.code, text };
};

/** Selling by hand: exactly what was shown. */
export const createFlattening = (state: EngineState, run: Run): Pick<OperatorTools, 'flattenPreview' | 'flatten'> => ({
  flattenPreview: (symbol) => flattenPreview(state, symbol),
  flatten: async (caller, shown) => {
    const outcomes: CommandOutcome[] = [];
    for (const position of shown) outcomes.push(await sell(state, run, caller, position));
    return outcomeOf(outcomes);
  },
});
