import { counted } from '../src/core/words.ts';
import type { OperatorService, TradeView } from '../src/ports/operator.ts';
import type { OperatorTools } from '../src/ports/operator-tools.ts';
import { choice } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { toCsv } from './support/csv.ts';

const PAGE = 500;
/** Far below what a message may carry; older trades are in the database. */
const MAX_ROWS = 200_000;

const iso = (at: number): string => new Date(at).toISOString();

function* allTrades(service: OperatorService): Generator<TradeView> {
  for (let offset = 0; offset < MAX_ROWS; offset += PAGE) {
    const { trades } = service.trades(PAGE, offset);
    yield* trades;
    if (trades.length < PAGE) return;
  }
}

const tradesCsv = (service: OperatorService): Uint8Array => {
  const head = [
    'id',
    'symbol',
    'opened_at',
    'closed_at',
    'quantity',
    'entry_price',
    'exit_price',
    'fees',
    'pnl',
    'pnl_fraction',
    'exit_reason',
  ];
  const rows = [...allTrades(service)].map((trade) => [
    trade.id,
    trade.symbol,
    iso(trade.openedAt),
    iso(trade.closedAt),
    trade.quantity,
    trade.entryPrice,
    trade.exitPrice,
    trade.fees,
    trade.pnl,
    trade.pnlFraction,
    trade.exitReason,
  ]);
  return toCsv(head, rows);
};

const equityCsv = (tools: OperatorTools): Uint8Array =>
  toCsv(
    ['at', 'equity'],
    tools
      .equityHistory()
      .slice(-MAX_ROWS)
      .map(({ at, equity }) => [iso(at), equity]),
  );

export const exportCommand = defineToolCommand({
  name: 'export',
  role: 'viewer',
  effect: 'read',
  usage: '[trades, equity]',
  description: 'A CSV file of the trades or the equity curve',
  example: '/export equity',
  parse: choice<'trades' | 'equity'>(['trades', 'equity']),
  run: ({ service }, tools, what) => {
    const content = what === 'trades' ? tradesCsv(service) : equityCsv(tools);
    const lines = new TextDecoder().decode(content).split('\r\n').length - 2;
    const { mode } = service.version();
    const date = iso(service.status().marketNow).slice(0, 10);
    return {
      title: `${counted(lines, 'row')} of ${what}`,
      blocks: [{ kind: 'text', lines: ['Times are UTC; money is in the quote currency, net of fees.'] }],
      document: { filename: `guardian-${mode}-${what}-${date}.csv`, content },
    };
  },
});
