import { ControlError } from './exchange.ts';
import { FAULTS, type FaultRequest } from './faults/registry.ts';
import type { SimulatorControl } from './control.ts';

export interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** True once the client has gone: its wait must not step the market. */
  readonly cancelled: () => boolean;
}

export interface ControlReply {
  readonly status: number;
  readonly body: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const field = <T extends string | number | boolean>(
  fields: Fields,
  name: string,
  type: 'string' | 'number' | 'boolean',
  fallback?: T,
): T => {
  const value = fields[name] ?? fallback;
  if (typeof value !== type) throw new ControlError(`${name} must be a ${type}, not ${JSON.stringify(value)}`);
  return value as T;
};

const amount = (fields: Fields, name: string): string | number => {
  const value = fields[name];
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new ControlError(`${name} must be a decimal, not ${JSON.stringify(value)}`);
  return value;
};

/** Refuses names it does not know: a misspelt parameter must not look obeyed. */
const fieldsOf = (body: string, known: readonly string[] | null): Fields => {
  let parsed: unknown;
  try {
    parsed = body.trim() === '' ? {} : JSON.parse(body);
  } catch {
    throw new ControlError('the body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ControlError('the body must be a JSON object');
  for (const name of Object.keys(parsed)) {
    if (known !== null && !known.includes(name)) {
      throw new ControlError(`unknown parameter "${name}"${known.length > 0 ? `; there are ${known.join(', ')}` : ''}`);
    }
  }
  return { ...parsed };
};

const after = (query: URLSearchParams): number => {
  const value = query.get('after') ?? '0';
  if (!/^\d{1,12}$/.test(value)) throw new ControlError(`after must be a whole number, not ${JSON.stringify(value)}`);
  return Number(value);
};

type Handler = (control: SimulatorControl, request: ControlRequest) => unknown;

const HANDLERS: Readonly<Record<string, Handler>> = {
  'POST /control/idle': (control, { cancelled, body }) => {
    fieldsOf(body, null);
    return control.idle(cancelled);
  },
  'POST /control/pace': (control, { body }) => {
    control.pace(field<number>(fieldsOf(body, ['stepMilliseconds']), 'stepMilliseconds', 'number'));
    return control.state();
  },
  'POST /control/pause': (control, { body }) => {
    control.pause(field<boolean>(fieldsOf(body, ['paused']), 'paused', 'boolean'));
    return control.state();
  },
  'GET /control/state': (control) => control.state(),
  'POST /control/price': (control, { body }) => {
    const fields = fieldsOf(body, ['symbol', 'price', 'lasting']);
    control.price(
      field(fields, 'symbol', 'string'),
      amount(fields, 'price'),
      field(fields, 'lasting', 'boolean', false),
    );
    return control.state();
  },
  'POST /control/jump': (control, { body }) => {
    const fields = fieldsOf(body, ['symbol', 'fraction', 'lasting']);
    control.jump(
      field(fields, 'symbol', 'string'),
      field<number>(fields, 'fraction', 'number'),
      field(fields, 'lasting', 'boolean', true),
    );
    return control.state();
  },
  'POST /control/deposit': (control, { body }) => {
    const fields = fieldsOf(body, ['asset', 'amount']);
    control.deposit(field(fields, 'asset', 'string'), amount(fields, 'amount'));
    return control.state();
  },
  'POST /control/fees': (control, { body }) => {
    const fields = fieldsOf(body, ['maker', 'taker', 'coin']);
    const { coin } = fields;
    if (coin !== undefined && coin !== null && typeof coin !== 'string')
      throw new ControlError(`coin must be a string or null, not ${JSON.stringify(coin)}`);
    const rate = (name: 'maker' | 'taker') => (fields[name] === undefined ? {} : { [name]: amount(fields, name) });
    control.fees({ ...rate('maker'), ...rate('taker'), ...(coin === undefined ? {} : { coin }) });
    return control.state();
  },
  'GET /control/fault': () => FAULTS.map(({ create: _create, ...description }) => description),
  'POST /control/fault': (control, { body }) => {
    const fields = fieldsOf(body, null);
    const request: FaultRequest = { ...fields, name: field(fields, 'name', 'string') };
    return { id: control.fault(request) };
  },
  'DELETE /control/fault': (control, { query }) => {
    const id = query.get('id');
    return { removed: control.clearFaults(id === null ? undefined : Number(id)) };
  },
  'GET /control/orders': (control, { query }) => control.orders(after(query)),
  'GET /control/trades': (control, { query }) => ({ trades: control.trades(after(query)) }),
};

/** The control interface as JSON over HTTP. Wrong wishes get 400 and one sentence. */
export const createControlApi = (
  control: SimulatorControl,
  onInternalError: (error: unknown) => void,
): { handle(request: ControlRequest): Promise<ControlReply> } => ({
  async handle(request) {
    const handler = HANDLERS[`${request.method} ${request.path}`];
    if (handler === undefined)
      return { status: 404, body: { error: `no control endpoint ${request.method} ${request.path}` } };
    try {
      return { status: 200, body: await handler(control, request) };
    } catch (error) {
      if (error instanceof ControlError) return { status: 400, body: { error: error.message } };
      onInternalError(error);
      return { status: 500, body: { error: 'the simulator failed; see its log' } };
    }
  },
});
