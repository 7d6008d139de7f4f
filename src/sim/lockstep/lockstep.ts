import { Agent, request } from 'node:http';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Pacer } from '../../ports/pacer.ts';

/** Wall time between tries when the simulator does not answer. */
const RETRY: Milliseconds = 500;
/** One failure in so many is told: the first, and then one a minute. */
const TOLD = 120;
/** An idle call waits at the simulator for the pace; slower than this means that it is gone. */
const IDLE_TIMEOUT: Milliseconds = 3_700_000;

interface IdleAnswer {
  readonly marketTime: EpochMs;
  readonly advanced: boolean;
  readonly ended: boolean;
}

/** The simulated market's clock and the bot's side of the lockstep. */
export interface Lockstep {
  readonly clock: Clock;
  readonly pacer: Pacer;
  close(): void;
}

const isIdleAnswer = (value: unknown): value is IdleAnswer =>
  typeof value === 'object' &&
  value !== null &&
  'marketTime' in value &&
  Number.isSafeInteger(value.marketTime) &&
  'ended' in value &&
  typeof value.ended === 'boolean';

/**
 * Connects to a simulator's control interface: market time is the
 * simulator's and moves only when the bot says that it is idle.
 * @throws when the simulator does not answer at once
 */
export const connectLockstep = async (options: {
  readonly controlUrl: string;
  readonly wall: Clock;
  readonly log: Log;
}): Promise<Lockstep> => {
  const { controlUrl, wall, log } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let marketTime: EpochMs = 0;

  const call = (method: 'GET' | 'POST', path: string, signal?: AbortSignal): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        `${controlUrl}${path}`,
        {
          method,
          agent,
          timeout: IDLE_TIMEOUT,
          ...(signal === undefined ? {} : { signal }),
          headers: { 'content-type': 'application/json' },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString();
            if (response.statusCode !== 200)
              reject(
                new Error(`the simulator answers ${response.statusCode} to ${method} ${path}: ${text.slice(0, 200)}`),
              );
            else resolve(JSON.parse(text));
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.on('timeout', () => outgoing.destroy(new Error('time-out')));
      outgoing.end(method === 'POST' ? '{}' : undefined);
    });

  const take = (answer: unknown): void => {
    if (
      typeof answer !== 'object' ||
      answer === null ||
      !('marketTime' in answer) ||
      typeof answer.marketTime !== 'number'
    ) {
      throw new Error('the simulator does not state its market time');
    }
    marketTime = Math.max(marketTime, answer.marketTime);
  };
  take(await call('GET', '/control/state'));

  let failures = 0;
  const failed = (error: unknown): void => {
    if (failures % TOLD === 0)
      log.warn(
        { why: error instanceof Error ? error.message : String(error), failures: failures + 1 },
        'the market simulator does not answer',
      );
    failures += 1;
  };
  const answered = (): void => {
    if (failures > 0) log.info({ failures }, 'the market simulator answers again');
    failures = 0;
  };

  const next = async (signal: AbortSignal): Promise<'wake' | 'ended'> => {
    while (!signal.aborted) {
      try {
        const answer = await call('POST', '/control/idle', signal);
        if (!isIdleAnswer(answer)) throw new Error('the simulator gives no idle answer');
        take(answer);
        answered();
        return answer.ended ? 'ended' : 'wake';
      } catch (error) {
        if (signal.aborted) break;
        failed(error);
        await wall.sleep(RETRY, signal);
      }
    }
    return 'wake';
  };

  return {
    clock: {
      marketNow: () => marketTime,
      wallNow: () => wall.wallNow(),
      monotonicNow: () => wall.monotonicNow(),
      sleep: (span, signal) => wall.sleep(span, signal),
    },
    pacer: { next },
    close: () => agent.destroy(),
  };
};
