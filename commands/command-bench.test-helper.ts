import { createFakeService, type FakeService } from '../tests/integration/telegram/fake-service.ts';
import { createFakeTools, type FakeTools } from '../tests/integration/telegram/fake-tools.ts';
import { createMemory, createTestClock, type TestClock } from '../tests/integration/telegram/harness.ts';
import type { CommandSet } from '../src/ports/chat.ts';
import type { Caller } from '../src/ports/operator.ts';
import { createCommandSet } from './registry.ts';

/** The commands over a small bot, for an operator whose zone is not that of the market. */
export const viewer: Caller = { userId: 1, name: 'Ann', role: 'viewer', via: 'telegram' };
export const operator: Caller = { userId: 2, name: 'Bob', role: 'operator', via: 'control-socket' };

export interface CommandBench {
  readonly service: FakeService;
  readonly tools: FakeTools;
  readonly set: CommandSet;
  readonly clock: TestClock;
}

export const setUp = (): CommandBench => {
  const clock = createTestClock();
  const service = createFakeService(clock);
  const tools = createFakeTools(clock, createMemory());
  return { service, tools, set: createCommandSet({ service, tools, timeZone: 'Europe/Berlin' }), clock };
};
