import { markEquity } from '../../core/engine/marking.ts';
import type { EngineState, SymbolState } from '../../core/engine/state.ts';
import { staleness } from '../../core/guardian/data-locks.ts';
import { isHeld } from '../../core/guardian/state.ts';
import { SECOND_MS } from '../../core/units.ts';
import { counted, money } from '../../core/words.ts';
import type { HealthCheckView } from '../../ports/operator-tools.ts';
import type { Now } from './views.ts';

/** A market that is traded no more has prices while something is held there, and no candles. */
const dataHealth = ({ guardian, freshness }: EngineState, symbol: SymbolState, now: Now): HealthCheckView => {
  const held = isHeld(guardian, symbol.staleLockId);
  const stale = staleness(
    symbol.configured ? symbol : { ...symbol, newestCandleOpen: now.market },
    now.market,
    now.wall,
    freshness,
  );
  const fresh = `price ${Math.round(Math.max(0, now.market - (symbol.priceAt ?? now.market)) / SECOND_MS)} s old`;
  return {
    name: `data ${symbol.symbol}`,
    ok: symbol.priceAt === null ? null : stale === null && !held,
    detail: stale ?? (held ? `${fresh}, one more fresh poll clears the lock` : fresh),
  };
};

/** What the engine knows of itself; unknown is never shown as good. */
export const engineHealth = (state: EngineState, now: Now): readonly HealthCheckView[] => {
  const equity = markEquity(state, now.market, now.wall);
  const { skew } = state.guardian;
  return [
    {
      name: 'equity',
      ok: equity.value !== null,
      detail: equity.unknown ?? `${money(equity.value ?? 0)} ${state.config?.quoteAsset ?? ''}`,
    },
    ...state.symbolList
      .filter(({ configured, managed }) => configured || managed !== null)
      .map((symbol) => dataHealth(state, symbol, now)),
    {
      name: 'exchange clock',
      ok: skew === undefined || skew === null ? null : state.guardian.locks['clock-skew'] === undefined,
      detail: skew === undefined || skew === null ? 'not measured' : `${Math.round(skew)} ms apart`,
    },
    {
      name: 'orders',
      ok: state.guardian.locks['execution'] === undefined,
      detail:
        state.guardian.locks['execution']?.reason ?? `${counted(state.guardian.orderFailures, 'failure')} in a row`,
    },
    booksHealth(state),
  ];
};

/** A reading that failed says nothing of the books, whatever the one before it said. */
const booksHealth = ({ guardian, accountAt, accountFailed, suspicion }: EngineState): HealthCheckView => {
  const lock = guardian.locks['reconciliation'];
  if (lock !== undefined) return { name: 'books', ok: false, detail: lock.reason };
  if (accountFailed) return { name: 'books', ok: null, detail: 'the account could not be read' };
  if (suspicion !== null)
    return { name: 'books', ok: null, detail: `a difference is being looked at again: ${suspicion.key}` };
  return {
    name: 'books',
    ok: accountAt === null ? null : true,
    detail: accountAt === null ? 'not compared yet' : 'ledger equals exchange',
  };
};
