import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { eventually, startGuardian, type ChatMessage, type RunningBot } from '../e2e/running-bot.ts';

const HOUR = 3_600_000;
/** Wall milliseconds of a quarter of a market hour: slow enough to act on what is seen. */
export const STEP = 40;
const FAST_STEP = 2;

export interface Demo {
  /** The process that runs now. */
  readonly bot: RunningBot;
  /** SIGKILL, and a new start on the same database and port once `dead` has been looked at. */
  restart(dead?: () => Promise<void>): Promise<void>;
  end(): Promise<void>;
}

/**
 * The real program in a directory of its own. `probability`: with a model that always answers this; else the demo's
 * own.
 */
export const startDemo = async (
  environment: Readonly<Record<string, string>>,
  probability: number | null,
): Promise<Demo> => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-browser-'));
  const model = join(directory, 'model');
  if (probability !== null) writeConstantModel(model, { probability });
  const settings = {
    DATABASE_PATH: join(directory, 'demo.db'),
    ...(probability === null ? {} : { MODEL_DIR: model }),
    ...environment,
  };
  let bot = await startGuardian({ DASHBOARD_PORT: '0', ...settings }, directory);
  return {
    get bot() {
      return bot;
    },
    restart: async (dead) => {
      const { port } = new URL(bot.pageUrl);
      await bot.end('SIGKILL');
      await dead?.();
      bot = await startGuardian({ DASHBOARD_PORT: port, ...settings }, directory);
    },
    end: async () => {
      await bot.end('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

interface MarketState {
  readonly marketTime: number;
  readonly openOrders: readonly { readonly type: string; readonly stopPrice: string }[];
}

const look = async (bot: RunningBot): Promise<MarketState> =>
  (await bot.control('GET', '/control/state')) as MarketState;

export const setPace = (bot: RunningBot, stepMilliseconds: number): Promise<unknown> =>
  bot.control('POST', '/control/pace', { stepMilliseconds });

/** Waits for an open position and pushes the price below its stop. */
const forceLoss = async (bot: RunningBot, afterId: number): Promise<ChatMessage> => {
  await eventually('a resting stop', async () => {
    const stop = (await look(bot)).openOrders.find((order) => order.type === 'STOP_LOSS_LIMIT');
    if (stop === undefined) return null;
    await bot.control('POST', '/control/price', {
      symbol: 'BTC/USDT',
      price: (Number(stop.stopPrice) * 0.998).toFixed(2),
    });
    return stop;
  });
  return bot.hears((message) => message.text.includes('BTC closed -'), afterId);
};

/** A market day without entries, quickly. */
const sitOutADay = async (bot: RunningBot, afterId: number): Promise<void> => {
  await bot.say('/pause between two losses');
  const paused = await bot.hears((message) => message.text.includes('Paused'), afterId);
  await passHours(bot, 25);
  await bot.say('/resume');
  const question = await bot.hears((message) => message.text.includes('Resume trading?'), paused.id);
  await bot.press(question, question.buttons[0] ?? '');
};

/** Lets this much market time pass quickly. */
export const passHours = async (bot: RunningBot, hours: number): Promise<void> => {
  const { marketTime } = await look(bot);
  await setPace(bot, FAST_STEP);
  await eventually(`${hours} market hours`, async () =>
    (await look(bot)).marketTime > marketTime + hours * HOUR ? true : null,
  );
  await setPace(bot, STEP);
};

/** Three losing trades on three UTC days: the kill-switch. */
export const forceThreeLosses = async (bot: RunningBot): Promise<void> => {
  let loss = await forceLoss(bot, 0);
  for (let day = 1; day < 3; day += 1) {
    await sitOutADay(bot, loss.id);
    loss = await forceLoss(bot, loss.id);
  }
};
