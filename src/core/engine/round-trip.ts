import { add, ceilTo, decimalFromNumber, divDown, formatDecimal, mulUp, type Decimal } from '../decimal.ts';
import { denialText } from '../guardian/denial-text.ts';
import { checkEntry } from '../guardian/pre-trade.ts';
import type { Instrument } from '../market/instrument.ts';
import { HOUR_MS } from '../units.ts';
import type { CommandResultEffect } from './effect.ts';
import { manage } from './lifecycle.ts';
import { entryContext, SIGNAL_LIFETIME } from './on-prediction.ts';
import { nextOrderId, place } from './orders-out.ts';
import { emit, type Turn } from './turn.ts';

type Result = Omit<CommandResultEffect, 'type' | 'commandId'>;

/**
 * Above the least notional by as much as a fee, the stop's distance and its limit take away, so that every order after
 * it passes the filter, too.
 */
const NOTIONAL_MARGIN = decimalFromNumber(1.25);

const smallest = (instrument: Instrument, ask: number): Decimal => {
  const wanted = divDown(mulUp(instrument.minNotional, NOTIONAL_MARGIN), decimalFromNumber(ask));
  return add(ceilTo(wanted, instrument.stepSize), instrument.stepSize);
};

/**
 * A drill on purpose: an entry of the smallest size that the exchange takes, through the same checks, the same
 * order path and the same stop as a signal's. It says that execution works, nothing about an edge. It is no
 * signal, so the rule of one entry a signal does not bind it; the throttle of entries an hour does.
 */
export const roundTrip = (turn: Turn, name: string, by: string): Result => {
  const { state, config } = turn;
  if (config.mode === 'live')
    return { ok: false, code: 'not-in-live', text: 'Drills trade in demo, paper and testnet only.' };
  const symbol = state.symbols[name];
  if (symbol === undefined || !symbol.configured)
    return { ok: false, code: 'unknown-symbol', text: `${name} is not traded; /positions and SYMBOLS name what is.` };
  const openTime = symbol.newestCandleOpen;
  if (openTime === null || symbol.ask <= 0)
    return { ok: false, code: 'price-unknown', text: `There is no price of ${name} yet.` };
  const clientOrderId = nextOrderId(turn);
  const context = {
    ...entryContext(turn, symbol, openTime),
    lastTradedSignal: null,
    most: smallest(symbol.instrument, symbol.ask),
  };
  const verdict = checkEntry(context, {
    clientOrderId,
    symbol: name,
    expiresAtWall: turn.clockWall + SIGNAL_LIFETIME,
    reason: `drill by ${by}`,
  });
  const record = {
    type: 'decision' as const,
    symbol: name,
    openTime,
    probability: null,
    expectedValue: null,
    margin: config.model?.margin ?? 0,
    sizing: verdict.sizing,
    checks: verdict.checks,
  };
  if (!verdict.approved) {
    const { code } = verdict.denial;
    const text = `drill denied, ${denialText(verdict.denial)}`;
    emit(turn, { ...record, outcome: 'denied', clientOrderId: null, text });
    return { ok: false, code, text: `Denied, ${denialText(verdict.denial)}.` };
  }
  place(turn, verdict.order);
  state.guardian.entries.push(turn.at);
  symbol.managed = manage(clientOrderId, openTime, turn.at + config.limits.horizonHours * HOUR_MS);
  const text = `drill: entry of ${formatDecimal(verdict.order.draft.quantity)} ${symbol.instrument.base}`;
  symbol.lastDecision = { openTime, text };
  emit(turn, { ...record, outcome: 'entered', clientOrderId, text });
  return {
    ok: true,
    code: 'done',
    text: `Entered ${formatDecimal(verdict.order.draft.quantity)} ${symbol.instrument.base} (${clientOrderId}).`,
  };
};
