import { formatDecimal, toNumber } from '../../core/decimal.ts';
import type { OperatorCommand, SettlementEvidence } from '../../core/engine/input.ts';
import { judgeSettlement, movementInWords } from '../../core/engine/settle.ts';
import { orderNamed, type EngineState } from '../../core/engine/state.ts';
import { describe, type OrderRecord } from '../../core/orders/record.ts';
import type { EpochMs } from '../../core/units.ts';
import { money, span } from '../../core/words.ts';
import type { Caller, CommandOutcome } from '../../ports/operator.ts';
import type { OperatorTools, SettlePreview, SettleRequest } from '../../ports/operator-tools.ts';
import type { OrderReference } from '../../ports/venue.ts';

export interface SettlingOptions {
  readonly state: EngineState;
  readonly wallNow: () => EpochMs;
  readonly run: (caller: Caller, command: OperatorCommand) => Promise<CommandOutcome>;
  /** What the exchange shows, or why it could not be read. */
  readonly evidence: (reference: OrderReference) => Promise<SettlementEvidence | string>;
  /** Asks no more for the order. */
  readonly forget: (clientOrderId: string) => void;
  /** Reads the account twice and compares it with the ledger. */
  readonly reconcile: () => Promise<void>;
}

/** Settling an order by hand: what is known of it is shown first, and only what was shown is done. */
export const createSettling = (
  options: SettlingOptions,
): Pick<OperatorTools, 'unsettled' | 'settlePreview' | 'settle'> => {
  const { state, run, evidence, forget } = options;
  const wall = (): EpochMs => options.wallNow() + state.wallShift;

  const line = ({ draft, status, unknownSince, executed, detail }: OrderRecord): string => {
    const how =
      status === 'unknown'
        ? `unknown for ${span(wall() - (unknownSince ?? wall()))}`
        : `${status} in the books, and the exchange shows more of it`;
    return `${draft.clientOrderId}: ${draft.purpose}, ${describe(draft)}, booked ${formatDecimal(executed)}, ${how}${detail === null ? '' : ` (${detail})`}`;
  };

  const look = async ({ orderId }: SettleRequest): Promise<SettlementEvidence | string> => {
    const record = orderNamed(state, orderId);
    return record === undefined
      ? { listed: false, totals: [] }
      : await evidence({ symbol: record.draft.symbol, clientOrderId: orderId });
  };

  /** What has to stay as it was shown: the two balances, and whether the order is listed. */
  const fingerprint = ({ orderId }: SettleRequest, { listed, totals }: SettlementEvidence): string => {
    const coins = orderNamed(state, orderId)?.draft.symbol.split('/') ?? [];
    return JSON.stringify([listed, ...coins.map((coin) => totals.find(({ asset }) => asset === coin)?.total ?? null)]);
  };

  const settlePreview = async (request: SettleRequest): Promise<SettlePreview> => {
    const { orderId: clientOrderId, claim, price } = request;
    const seen = await look(request);
    if (typeof seen === 'string') return { what: [], refusal: `Not now: ${seen}.`, shown: '' };
    const judged = judgeSettlement(state, wall(), { clientOrderId, claim, price, evidence: seen });
    if (!judged.ok) return { what: [], refusal: judged.text, shown: '' };
    const { record, moved, quantity, quote } = judged;
    const [base = '', quoteAsset = ''] = record.draft.symbol.split('/');
    const booked =
      claim === 'gone'
        ? 'Books that it has done nothing more; what the position needs is placed again or sold.'
        : `Books ${record.draft.side === 'buy' ? 'bought' : 'sold'} ${formatDecimal(quantity)} ${base} for ${money(toNumber(quote))} ${quoteAsset}, every fee in it.`;
    const what = [
      `Settles ${line(record)}`,
      `${movementInWords(state, record, moved)}; it is not among the open orders`,
      booked,
      'Books and account are compared at once; what is missing halts trading.',
    ];
    return { what, refusal: null, shown: fingerprint(request, seen) };
  };

  const settle = async (caller: Caller, request: SettleRequest, shown: string): Promise<CommandOutcome> => {
    const { orderId: clientOrderId, claim, price } = request;
    const seen = await look(request);
    if (typeof seen === 'string') return { ok: false, code: 'no-evidence', text: `Nothing was done: ${seen}.` };
    if (fingerprint(request, seen) !== shown)
      return {
        ok: false,
        code: 'changed',
        text: 'Nothing was done: the exchange shows something else by now. Send /settle again.',
      };
    const outcome = await run(caller, { name: 'settle', clientOrderId, claim, price, evidence: seen });
    if (!outcome.ok) return outcome;
    forget(clientOrderId);
    await options.reconcile();
    const lock = state.guardian.locks['reconciliation'];
    return lock === undefined ? outcome : { ...outcome, text: `${outcome.text} Halted: ${lock.reason}.` };
  };

  const unsettled = (): readonly string[] => {
    const hindering = state.hindrances.flatMap((id) => state.orders[id] ?? []);
    return [
      ...state.openOrders.filter((record) => record.status === 'unknown' && !hindering.includes(record)),
      ...hindering,
    ].map(line);
  };

  return { unsettled, settlePreview, settle };
};
