import { decimal } from '../decimal.ts';
import { evaluateModel, impose, recordStart } from '../guardian/health-locks.ts';
import type { Instrument } from '../market/instrument.ts';
import { limitFaults } from '../risk/limits.ts';
import type { InstrumentText, StartedInput } from './input.ts';
import { createSymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';

export const instrumentFromText = (text: InstrumentText): Instrument => ({
  symbol: text.symbol,
  id: text.id,
  base: text.base,
  quote: text.quote,
  trading: text.trading,
  orderTypes: text.orderTypes,
  maxOrders: text.maxOrders,
  maxAlgoOrders: text.maxAlgoOrders,
  tickSize: decimal(text.tickSize),
  minPrice: decimal(text.minPrice),
  maxPrice: decimal(text.maxPrice),
  stepSize: decimal(text.stepSize),
  minQuantity: decimal(text.minQuantity),
  maxQuantity: decimal(text.maxQuantity),
  marketStepSize: decimal(text.marketStepSize),
  marketMinQuantity: decimal(text.marketMinQuantity),
  marketMaxQuantity: decimal(text.marketMaxQuantity),
  minNotional: decimal(text.minNotional),
  maxNotional: decimal(text.maxNotional),
});

/** Takes over the configuration and instruments of this run; positions, locks and orders stay as they were. */
export const onStarted = (turn: Turn, input: StartedInput): void => {
  const { state } = turn;
  const faults = limitFaults(input.config.limits);
  if (faults.length > 0) throw new RangeError(`limits may not be used: ${faults.map((fault) => `${fault.name}=${fault.value} (${fault.code}, bound ${fault.bound})`).join(', ')}`);
  state.config = input.config;
  state.engineVersion = input.engineVersion;
  state.startedAt = input.at;
  state.startedWall = input.wall;
  for (const text of input.instruments) {
    const instrument = instrumentFromText(text);
    const known = state.symbols[instrument.symbol];
    if (known === undefined) state.symbols[instrument.symbol] = createSymbolState(instrument);
    else known.instrument = instrument;
  }
  for (const symbol of Object.values(state.symbols)) {
    symbol.freshPolls = 0;
    if (symbol.managed !== null) symbol.managed.triggeredSince = null;
  }
  // A send that was under way at the crash may have happened: nothing is assumed, the executor asks.
  for (const record of Object.values(state.orders)) {
    record.cancelling = false;
    if (record.status === 'intent') {
      record.status = 'unknown';
      record.unknownSince = input.wall;
    }
  }
  state.guardian.modelFault = input.config.model === null ? 'no valid model is loaded' : null;
  evaluateModel(state.guardian, input.at, turn.changes);
  recordStart(state.guardian, input.at, input.wall, turn.changes);
  for (const halt of input.halts) impose(state.guardian, turn.changes, 'start-gate', null, input.at, halt.text, null, null);
  const { mode, symbols, model } = input.config;
  alert(turn, 'lifecycle', `started:${input.wall}`, `Guardian Bot started (${mode})`, [`${symbols.join(', ')}, model ${model?.name ?? 'none'}`], ['/status']);
};
