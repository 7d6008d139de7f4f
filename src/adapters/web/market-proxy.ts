import { Hono, type Context } from 'hono';
import type { Milliseconds } from '../../core/units.ts';
import { MARKET_PRESETS, type MarketPreset } from './market-presets.ts';

/** The simulator's control endpoint, for the demo alone. */
export interface MarketAccess {
  readonly controlUrl: string;
  /** Sub-steps of a market hour: the pace is set per step. */
  readonly stepsPerHour: number;
  readonly symbols: readonly string[];
}

/** Seconds that a market hour may take. With four steps an hour a slower market would be stale between two of them. */
const HOUR_SECONDS: readonly number[] = [0.1, 0.25, 0.5, 1, 2, 5];
const MAX_BODY = 1024;

interface ControlState {
  readonly marketTime: number;
  readonly ended: boolean;
  readonly paused: boolean;
  readonly stepMilliseconds: Milliseconds;
  readonly prices: Readonly<Record<string, string>>;
  readonly faults: readonly {
    readonly id: number;
    readonly name: string;
    readonly hits: number;
    readonly remaining: number | null;
  }[];
}

type FaultBody = Readonly<Record<string, string | number | boolean>>;

const presetOf = (faultName: string): MarketPreset | undefined =>
  MARKET_PRESETS.find(({ wish }) => wish.kind === 'fault' && wish.body['name'] === faultName);

const readBody = async (context: Context): Promise<Readonly<Record<string, unknown>> | null> => {
  if (!/^application\/json\b/.test(context.req.header('content-type') ?? '')) return null;
  const raw = await context.req.text();
  if (raw.length > MAX_BODY) return null;
  try {
    const parsed: unknown = JSON.parse(raw);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
};

/**
 * Speed, pause and trouble for the simulated market: a narrow way to a few of
 * the control endpoint's wishes with values of our own. Prices at will, money,
 * orders and the faults' parameters can't be reached through here.
 */
export const createMarketProxy = (access: MarketAccess, stopping: AbortSignal): Hono => {
  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${access.controlUrl}/control/${path}`, {
      method,
      signal: stopping,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the simulator answers ${answer.status}`);
    return answer.json();
  };
  const view = async () => {
    const state = (await call('GET', 'state')) as ControlState;
    const hourSeconds = (state.stepMilliseconds * access.stepsPerHour) / 1000;
    return {
      marketTime: state.marketTime,
      ended: state.ended,
      paused: state.paused,
      hourSeconds,
      speeds: HOUR_SECONDS,
      faults: state.faults.map(({ id, name, hits, remaining }) => ({
        id,
        title: presetOf(name)?.title ?? name,
        hits,
        remaining,
      })),
    };
  };

  /** The fault's own steps, or as many as its seconds take at the present pace. */
  const lasting = async ({ seconds }: MarketPreset, body: FaultBody): Promise<FaultBody> => {
    if (seconds === undefined) return body;
    const { stepMilliseconds } = (await call('GET', 'state')) as ControlState;
    return {
      ...body,
      steps: Math.max(Number(body['steps'] ?? 1), Math.ceil((seconds * 1000) / Math.max(1, stepMilliseconds))),
    };
  };

  const app = new Hono();
  app.get('/', async (context) => context.json(await view()));
  app.get('/presets', (context) =>
    context.json(MARKET_PRESETS.map(({ id, group, title, what, watch }) => ({ id, group, title, what, watch }))),
  );
  app.post('/speed', async (context) => {
    const seconds = (await readBody(context))?.['hourSeconds'];
    if (typeof seconds !== 'number' || !HOUR_SECONDS.includes(seconds))
      return context.json({ error: `hourSeconds is one of ${HOUR_SECONDS.join(', ')}` }, 400);
    await call('POST', 'pace', { stepMilliseconds: (seconds * 1000) / access.stepsPerHour });
    return context.json(await view());
  });
  app.post('/pause', async (context) => {
    const paused = (await readBody(context))?.['paused'];
    if (typeof paused !== 'boolean') return context.json({ error: 'paused is true or false' }, 400);
    await call('POST', 'pause', { paused });
    return context.json(await view());
  });
  app.post('/trouble', async (context) => {
    const id = (await readBody(context))?.['preset'];
    const preset = MARKET_PRESETS.find((candidate) => candidate.id === id);
    if (preset === undefined) return context.json({ error: 'no such preset' }, 400);
    const { wish } = preset;
    if (wish.kind === 'fault') await call('POST', 'fault', await lasting(preset, wish.body));
    else for (const symbol of access.symbols) await call('POST', 'jump', { symbol, fraction: wish.fraction });
    return context.json(await view());
  });
  app.post('/calm', async (context) => {
    await call('DELETE', 'fault');
    return context.json(await view());
  });
  app.onError((_error, context) => context.json({ error: 'the simulated exchange cannot be reached' }, 502));
  return app;
};
