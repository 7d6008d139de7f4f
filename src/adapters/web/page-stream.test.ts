import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** The page's own code, in a browser of two parts: what it fetches and what it listens to. */
interface PageStream {
  followBoard(on: {
    onStart(first: unknown): void;
    onBoard(board: unknown): void;
    onRows(rows: unknown, news: unknown): void;
    onLine(on: boolean): void;
  }): Promise<void>;
}

class Source extends EventTarget {
  static readonly CLOSED = 2;
  static readonly all: Source[] = [];
  readyState = 1;
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    Source.all.push(this);
  }
  close(): void {
    this.readyState = Source.CLOSED;
  }
  say(event: string, data = '{}', lastEventId = ''): void {
    this.dispatchEvent(Object.assign(new Event(event), { data, lastEventId }));
  }
}

/** The tab: in sight until it says otherwise. */
class Tab extends EventTarget {
  hidden = false;
  show(inSight: boolean): void {
    this.hidden = !inSight;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

const SECOND = 1_000;
let tab: Tab;
const lines: boolean[] = [];
let asked = 0;
let answers: () => Promise<unknown>;
const whole = (): Promise<unknown> =>
  Promise.resolve({
    ok: true,
    status: 200,
    json: () => Promise.resolve({ cursor: 'c', board: {}, rows: {}, commands: [] }),
  });

const follow = async (): Promise<void> => {
  const { followBoard } = (await import(new URL('page/stream.mjs', import.meta.url).href)) as PageStream;
  await followBoard({
    onStart: () => undefined,
    onBoard: () => undefined,
    onRows: () => undefined,
    onLine: (on) => lines.push(on),
  });
};
const newest = (): Source => Source.all.at(-1) ?? expect.unreachable();

beforeEach(() => {
  vi.useFakeTimers();
  answers = whole;
  tab = new Tab();
  vi.stubGlobal('document', tab);
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('fetch', () => {
    asked += 1;
    return answers();
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  lines.length = 0;
  Source.all.length = 0;
  asked = 0;
});

describe('the line of an open page', () => {
  test('a board every second keeps it', async () => {
    await follow();
    newest().say('open');
    for (let second = 0; second < 60; second += 1) {
      newest().say('board');
      await vi.advanceTimersByTimeAsync(SECOND);
    }
    expect(lines).toEqual([true]);
    expect(Source.all).toHaveLength(1);
  });

  test('a line on which nothing comes any more is not live, though nothing has broken it', async () => {
    await follow();
    newest().say('open');
    newest().say('board');
    const dead = newest();
    answers = () => new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(15 * SECOND);
    expect(lines.at(-1)).toBe(false);
    expect(dead.readyState).toBe(Source.CLOSED);
    // A question that gets no answer is asked again, and with the first answer the page is live again.
    const before = asked;
    await vi.advanceTimersByTimeAsync(60 * SECOND);
    expect(asked).toBeGreaterThan(before);
    answers = whole;
    await vi.advanceTimersByTimeAsync(15 * SECOND);
    newest().say('open');
    newest().say('board');
    expect(newest()).not.toBe(dead);
    expect(lines.at(-1)).toBe(true);
  });

  test('while the bot is down the browser tries again by itself, and goes on where it was: nothing is begun anew', async () => {
    await follow();
    newest().say('open');
    newest().say('board');
    newest().readyState = 0;
    for (let second = 0; second < 60; second += 3) {
      newest().say('error');
      await vi.advanceTimersByTimeAsync(3 * SECOND);
    }
    expect(lines.at(-1)).toBe(false);
    newest().say('open');
    newest().say('board');
    expect(lines.at(-1)).toBe(true);
    expect([asked, Source.all.length]).toEqual([1, 1]);
  });

  test('a bot that opens the line and shows nothing is not live either', async () => {
    await follow();
    newest().say('open');
    await vi.advanceTimersByTimeAsync(15 * SECOND);
    expect(lines.at(-1)).toBe(false);
  });

  test('a page out of sight holds no connection: it looks in, goes on from the row that it has, and listens again once it is seen', async () => {
    await follow();
    newest().say('open');
    tab.show(false);
    newest().say('rows', '{}', 'c2');
    newest().say('board');
    expect(newest().readyState).toBe(Source.CLOSED);
    await vi.advanceTimersByTimeAsync(4 * SECOND);
    expect(Source.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(Source.all.map(({ url }) => url)).toEqual(['/api/stream?after=c', '/api/stream?after=c2']);
    newest().say('open');
    newest().say('board');
    expect(newest().readyState).toBe(Source.CLOSED);
    tab.show(true);
    expect(Source.all).toHaveLength(3);
    newest().say('open');
    for (let second = 0; second < 20; second += 1) {
      newest().say('board');
      await vi.advanceTimersByTimeAsync(SECOND);
    }
    expect([newest().url, newest().readyState, Source.all.length, asked]).toEqual(['/api/stream?after=c2', 1, 3, 1]);
    expect(lines).not.toContain(false);
  });

  test('a page that is seen again after long is not live before the bot has answered', async () => {
    await follow();
    newest().say('open');
    tab.show(false);
    newest().say('board');
    // Timers of such a page may be put off: none has come.
    vi.setSystemTime(Date.now() + 60 * SECOND);
    tab.show(true);
    expect(lines.at(-1)).toBe(false);
    newest().say('open');
    newest().say('board');
    expect(lines.at(-1)).toBe(true);
  });

  test('a machine that has slept shows the past: it is not live from the first moment on, and asks anew', async () => {
    await follow();
    newest().say('open');
    newest().say('board');
    const before = newest();
    answers = () => new Promise(() => undefined);
    vi.setSystemTime(Date.now() + 3_600 * SECOND);
    await vi.advanceTimersByTimeAsync(SECOND);
    expect([lines.at(-1), before.readyState, asked]).toEqual([false, Source.CLOSED, 2]);
    // Asked once, not every second.
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    expect(asked).toBe(2);
  });
});
