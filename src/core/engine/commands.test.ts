import { describe, expect, test } from 'vitest';
import { decimal } from '../decimal.ts';
import { DAY_MS, HOUR_MS } from '../units.ts';
import { odds } from './decision.ts';
import { markEquity } from './marking.ts';
import { BTC, ETH, MONDAY, seconds, World } from './world.test-helper.ts';

/** Loses about 2.5 % of equity on one position through a gap, and so trips the daily drawdown. */
const crash = (world: World): World => {
  world.enter();
  world.exchange.stopsFill = false;
  world.quotes({ [BTC]: 47_500 });
  world.exchange.stopsFill = true;
  return world;
};
const permitted = (world: World): number => (world.state.guardian.lastEquity?.value ?? 0) * 0.02;
/** Three round trips that lose, on one day each; another position may be held when the last of them does. */
const threeLosses = (world: World, alsoHeld?: string): World => {
  for (let count = 0; count < 3; count += 1) {
    world.hours(24 - new Date(world.at).getUTCHours());
    world.exchange.prices[BTC] = 50_000;
    world.hours(6);
    if (count === 2 && alsoHeld !== undefined) world.enter(alsoHeld);
    world.enter();
    world.quotes({ [BTC]: 49_240 });
  }
  return world;
};

describe('/pause and /resume', () => {
  test('pause stops entries, a second one changes nothing, resume alone ends it', () => {
    const world = new World().ready();
    expect(world.command({ name: 'pause', reason: 'lunch' })).toMatchObject({ ok: true, code: 'done' });
    expect(world.command({ name: 'pause', reason: 'again' }).text).toContain('Already paused');
    expect(world.state.guardian.locks['operator-pause']?.reason).toBe('telegram 1 (Ada): lunch');
    world.predict(BTC);
    expect(world.decision()).toMatchObject({ outcome: 'denied', clientOrderId: null });
    expect(world.unlock().ok).toBe(false);
    expect(world.locks()).toEqual(['operator-pause']);
    expect(world.command({ name: 'resume' })).toMatchObject({ ok: true, text: 'Resumed.' });
    expect(world.command({ name: 'resume' })).toMatchObject({ ok: false, code: 'not-paused' });
    world.enter();
  });

  test('a start says what holds and what is open, without a crash, too; two locks of a kind are named apart', () => {
    const started = (world: World): readonly string[] => {
      world.apply({ type: 'stopping', reason: 'SIGTERM' });
      world.take();
      world.restart();
      return world
        .take()
        .flatMap((effect) =>
          effect.type === 'alert' && effect.alert.title.includes('started') ? [...effect.alert.lines] : [],
        );
    };
    const world = new World().ready();
    world.enter();
    expect(started(world).slice(1)).toEqual([]);
    world.command({ name: 'pause', reason: '' });
    world.pass(2 * HOUR_MS);
    world.timer();
    expect(started(world).slice(1)).toEqual([
      'Open: BTC/USDT (stop in place).',
      'Locked: Paused by operator, Stale data BTC/USDT, Stale data ETH/USDT.',
    ]);
    expect(world.command({ name: 'resume' }).text).toBe(
      'Resumed, but still locked: Stale data BTC/USDT, Stale data ETH/USDT.',
    );
    world.hours(2);
    world.quotes();
    const fresh = world
      .take()
      .flatMap((effect) => (effect.type === 'alert' && effect.alert.kind === 'data' ? [effect.alert.lines[0]] : []));
    // It held for hours: not "121 min".
    expect(fresh).toEqual(
      Array.from(
        { length: 2 },
        () => expect.stringMatching(/^after [23] h \d\d min; rule: fresh data on two polls$/) as string,
      ),
    );
  });

  test('resume clears the pause and nothing else, and says what is left', () => {
    const world = new World().ready();
    world.command({ name: 'pause', reason: '' });
    world.command({ name: 'halt', reason: '' });
    expect(world.command({ name: 'resume' }).text).toBe('Resumed, but still locked: Halted by operator.');
    expect(world.locks()).toEqual(['operator-halt']);
  });

  test('a pause between approval and sending withdraws the entry', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'silence' });
    world.enter();
    world.command({ name: 'pause', reason: '' });
    expect(world.state.orders['gbtest01-1']?.status).toBe('never-sent');
    expect(world.managed()).toBeNull();
    // Withdrawn is not failed.
    expect(world.state.guardian.orderFailures).toBe(0);
  });
});

test('odds never show a sign before zero', () => {
  expect([odds(0.4, -0.000001), odds(0.4, 0.00004), odds(0.4, 0.0075), odds(0.4, -0.0012)]).toEqual([
    'p 0.400, EV 0.00 %',
    'p 0.400, EV 0.00 %',
    'p 0.400, EV +0.75 %',
    'p 0.400, EV -0.12 %',
  ]);
});

describe('/halt', () => {
  test('cancels an entry whose outcome is not known, once, and keeps the stops', () => {
    const world = new World().ready();
    world.enter(ETH);
    world.fate = (draft) =>
      draft.purpose === 'entry' ? { kind: 'unknown', arrives: true, part: 0 } : { kind: 'accept' };
    world.enter();
    world.take();
    expect(world.command({ name: 'halt', reason: 'news' }).ok).toBe(true);
    expect(world.command({ name: 'halt', reason: 'news' }).text).toContain('Already halted');
    expect(world.take().filter((effect) => effect.type === 'cancel')).toMatchObject([
      { clientOrderId: 'gbtest01-3', reason: 'halted' },
    ]);
    expect(world.exchange.openOrders()).toHaveLength(1);
    expect(world.managed(ETH)?.phase).toBe('protected');
    expect(world.unlock()).toMatchObject({ ok: true, text: 'Unlocked: Halted by operator.' });
  });
});

describe('/unlock', () => {
  test('clears the locks that were shown and leaves one that came since', () => {
    const world = new World().ready();
    world.command({ name: 'halt', reason: '' });
    const shown = world.locks();
    threeLosses(new World().ready());
    world.apply({ type: 'model-status', valid: true, detail: '', drift: { value: 0.5, limit: 0.25 } });
    expect(world.unlock(shown)).toMatchObject({
      ok: true,
      text: 'Unlocked: Halted by operator. still locked: Model drift.',
    });
    expect(world.locks()).toEqual(['model-drift']);
  });

  test('leaves a lock of the same name that was set after the showing', () => {
    const world = new World().ready();
    world.command({ name: 'halt', reason: 'first' });
    const shownAt = world.at;
    world.timer(seconds(1));
    world.unlock();
    world.command({ name: 'halt', reason: 'second' });
    const late = world.command({
      name: 'unlock',
      reason: '',
      lockIds: ['operator-halt'],
      newLossPermitted: null,
      shownAt,
    });
    expect(late).toMatchObject({ ok: false, text: 'Halted by operator: set again since it was shown' });
    expect(world.locks()).toEqual(['operator-halt']);
    expect(
      world.command({
        name: 'unlock',
        reason: '',
        lockIds: ['operator-halt'],
        newLossPermitted: null,
        shownAt: world.at,
      }).ok,
    ).toBe(true);
  });

  test('leaves a halt that somebody has asked for again after the showing, though it held all the time', () => {
    const world = new World().ready();
    world.command({ name: 'halt', reason: 'first' });
    const shownAt = world.at;
    world.timer(seconds(1));
    expect(world.command({ name: 'halt', reason: 'do not unlock' }).text).toBe('Already halted. /unlock ends it.');
    world.restart();
    const unlock = { name: 'unlock', reason: '', lockIds: ['operator-halt'], newLossPermitted: null } as const;
    expect(world.command({ ...unlock, shownAt })).toMatchObject({
      ok: false,
      text: 'Halted by operator: set again since it was shown',
    });
    expect(world.state.guardian.locks['operator-halt']?.reason).toBe('telegram 1 (Ada): first');
    expect(world.command({ ...unlock, shownAt: world.at }).ok).toBe(true);
  });

  test('says so when nothing of it is in force', () => {
    expect(new World().ready().unlock(['kill-switch'])).toMatchObject({ ok: false, code: 'nothing-locked' });
  });

  test('does not clear what clears by itself', () => {
    const world = new World().ready();
    world.timer(seconds(301));
    expect(world.unlock()).toMatchObject({ ok: false, code: 'refused' });
    expect(world.locks()).toHaveLength(2);
  });

  test('names who and why in the record of the lock', () => {
    const world = new World().ready();
    world.command({ name: 'halt', reason: '' });
    world.take();
    world.unlock();
    expect(world.take()).toContainEqual(
      expect.objectContaining({ type: 'lock', change: 'cleared', by: 'by operator telegram 1 (Ada): test' }),
    );
  });

  test('/resume names who ended the pause in the record of the lock', () => {
    const world = new World().ready();
    world.command({ name: 'pause', reason: 'news' });
    world.take();
    world.command({ name: 'resume' });
    expect(world.take()).toContainEqual(
      expect.objectContaining({ type: 'lock', change: 'cleared', by: 'by operator telegram 1 (Ada)' }),
    );
  });

  test('says in words how it stands then, where another lock still bars entries', () => {
    const world = new World().ready();
    world.command({ name: 'pause', reason: '' });
    world.command({ name: 'halt', reason: '' });
    world.take();
    world.unlock();
    expect(JSON.stringify(world.take())).toContain('Exits only, no open positions.');
  });

  describe('of the kill-switch', () => {
    test('starts the streak at zero', () => {
      const world = threeLosses(new World().ready());
      expect(world.locks()).toContain('kill-switch');
      world.unlock(['kill-switch']);
      expect(world.state.guardian.lossStreak).toEqual([]);
      world.timer();
      expect(world.locks()).not.toContain('kill-switch');
    });

    test('survives a restart', () => {
      const world = threeLosses(new World().ready());
      world.restart();
      expect(world.locks()).toContain('kill-switch');
      expect(world.state.guardian.lossStreak).toHaveLength(3);
    });
  });

  test('forgives no loss that came since the streak was shown', () => {
    const world = threeLosses(new World().ready(), ETH);
    const shown = {
      name: 'unlock',
      reason: '',
      lockIds: ['kill-switch'],
      newLossPermitted: null,
      shownAt: world.at,
      shownLossAt: world.state.guardian.lossStreak.at(-1)?.closedAt ?? 0,
    } as const;
    world.pass(seconds(60)).quotes({ [ETH]: 2_462 });
    expect(world.held(ETH)).toBe('0');
    expect(world.command(shown)).toMatchObject({
      ok: false,
      code: 'refused',
      text: 'Kill-switch: another loss since it was shown, 4 in a row now; send /unlock again',
    });
    expect([world.locks(), world.state.guardian.lossStreak.length]).toEqual([['kill-switch'], 4]);
    // A win had ended the streak when it was shown, and it has begun anew.
    expect(world.command({ ...shown, shownAt: world.at, shownLossAt: null }).ok).toBe(false);
    expect(world.command({ ...shown, shownAt: world.at, shownLossAt: world.at }).ok).toBe(true);
  });

  test('forgives no loss that closed in the same moment as the last one shown: time stands still between two steps of a simulated market', () => {
    const world = threeLosses(new World().ready(), ETH);
    const shown = {
      name: 'unlock',
      reason: '',
      lockIds: ['kill-switch'],
      newLossPermitted: null,
      shownAt: world.at,
      shownLossAt: world.at,
      shownLosses: 3,
    } as const;
    world.quotes({ [ETH]: 2_462 });
    expect(world.state.guardian.lossStreak.map(({ closedAt }) => closedAt).slice(-2)).toEqual([world.at, world.at]);
    expect(world.command(shown)).toMatchObject({
      ok: false,
      code: 'refused',
      text: 'Kill-switch: another loss since it was shown, 4 in a row now; send /unlock again',
    });
    expect(world.command({ ...shown, shownLosses: 4 }).ok).toBe(true);
  });

  describe('of the daily drawdown', () => {
    test('needs the amount of new loss permitted', () => {
      const world = crash(new World().ready());
      expect(world.locks()).toContain('daily-drawdown');
      expect(world.held()).toBe('0');
      for (const amount of [null, 0, Number.NaN, permitted(world) * 1.03, permitted(world) * 0.97, -permitted(world)]) {
        expect(world.unlock(['daily-drawdown'], amount)).toMatchObject({ ok: false, code: 'refused' });
      }
      expect(world.unlock(['daily-drawdown'], permitted(world) * 1.019).ok).toBe(true);
    });

    test('rebases the day, audited with both values', () => {
      const world = crash(new World().ready());
      const equity = world.state.guardian.lastEquity?.value ?? 0;
      world.take();
      world.unlock(['daily-drawdown'], permitted(world));
      expect(world.take()).toContainEqual({
        type: 'baseline',
        name: 'day',
        before: 10_000,
        after: equity,
        cause: 'unlock',
      });
      expect(world.state.guardian.dayBaseline).toBe(equity);
      // The mark stays: a rebased day does not hide the total.
      expect(world.state.guardian.highWaterMark).toBe(10_000);
    });

    test('goes once a day only', () => {
      const world = crash(new World().ready());
      world.unlock(['daily-drawdown'], permitted(world));
      world.exchange.prices[BTC] = 50_000;
      world.exchange.feeRate = decimal('0.05');
      world.hours(6);
      world.quotes();
      world.predict(ETH);
      world.exchange.feeRate = decimal('0.001');
      expect(world.locks()).toContain('daily-drawdown');
      expect(world.unlock(['daily-drawdown'], permitted(world))).toMatchObject({
        ok: false,
        text: expect.stringContaining('once today already') as string,
      });
      world.hours(24 - new Date(world.at).getUTCHours());
      expect(world.locks()).not.toContain('daily-drawdown');
    });

    test('is refused while equity is not known', () => {
      const world = new World().ready().enter();
      world.fate = () => ({ kind: 'reject' });
      world.exchange.stopsFill = false;
      world.quotes({ [BTC]: 47_500 });
      world.timer(seconds(301));
      expect(world.locks()).toContain('daily-drawdown');
      expect(world.unlock(['daily-drawdown'], 195).text).toContain('equity is not known');
    });
  });

  describe('of the total drawdown', () => {
    test('rebases the mark to the equity of the moment', () => {
      const world = new World().ready();
      world.exchange.feeRate = decimal('0.19');
      world.enter();
      expect(world.locks()).toContain('total-drawdown');
      const equity = world.state.guardian.lastEquity?.value ?? 0;
      world.take();
      expect(world.unlock(['total-drawdown']).ok).toBe(true);
      expect(world.take()).toContainEqual({
        type: 'baseline',
        name: 'high-water-mark',
        before: 10_000,
        after: equity,
        cause: 'unlock',
      });
      world.timer();
      expect(world.locks()).not.toContain('total-drawdown');
      // The day has its own limit and its own lock.
      expect(world.locks()).toContain('daily-drawdown');
    });
  });

  test('moves no mark further down than was shown', () => {
    const world = new World().ready().enter();
    world.exchange.stopsFill = false;
    // The sale fails, so that equity goes on falling while the operator reads.
    world.fate = (draft) => ({ kind: draft.purpose === 'exit' ? 'reject' : 'accept' });
    world.quotes({ [BTC]: 40_000 });
    const shown = {
      name: 'unlock',
      reason: '',
      lockIds: ['total-drawdown'],
      newLossPermitted: null,
      shownAt: world.at,
      shownEquity: world.state.guardian.lastEquity?.value ?? 0,
    } as const;
    world.pass(seconds(60)).quotes({ [BTC]: 38_000 });
    expect(world.command(shown)).toMatchObject({
      ok: false,
      text: 'Total drawdown: equity has fallen to 8,662.69 since 8,884.65 was shown; send /unlock again',
    });
    expect(world.state.guardian.highWaterMark).toBe(10_000);
    world.quotes({ [BTC]: 39_000 });
    expect(world.command(shown).ok).toBe(true);
  });

  test('moves no mark further down than was shown, where a leap that nothing has confirmed hides a fall', () => {
    const world = new World().ready();
    for (const symbol of [BTC, ETH]) world.predict(symbol);
    world.exchange.stopsFill = false;
    world.fate = () => ({ kind: 'not-sent' });
    for (let reading = 0; reading < 2; reading += 1) world.pass(seconds(5)).quotes({ [BTC]: 45_000 });
    expect(world.locks()).toContain('daily-drawdown');
    const { value } = world.state.guardian.lastEquity ?? { value: 0 };
    const shown = {
      name: 'unlock',
      reason: '',
      lockIds: ['daily-drawdown'],
      newLossPermitted: value * 0.02,
      shownAt: world.at,
      shownEquity: value,
      shownBaseline: value,
    } as const;
    const heldOf = (symbol: string): number => world.state.symbols[symbol]?.heldNumber ?? 0;
    // What ETH loses BTC leaps by, more than a tenth.
    world.pass(seconds(60)).quotes({ [BTC]: 45_000 + (600 * heldOf(ETH)) / heldOf(BTC), [ETH]: 1_900 });
    expect(markEquity(world.state, world.at, world.wall).value).toBeGreaterThan(value * 0.98);
    expect(world.command(shown)).toMatchObject({ ok: false, text: expect.stringMatching(/has fallen to/) as string });
    expect(world.state.guardian.dayBaseline).toBe(10_000);
  });

  describe('of the minimum balance', () => {
    test('needs the balance to be restored', () => {
      const world = new World({ balances: { USDT: '99' } }).ready();
      expect(world.locks()).toEqual(['minimum-balance']);
      expect(world.unlock()).toMatchObject({ ok: false, text: expect.stringContaining('still below 100') as string });
      world.exchange.move('USDT', decimal('1'));
      world.account();
      world.account();
      expect(world.locks()).toEqual(['minimum-balance']);
      expect(world.unlock().ok).toBe(true);
    });
  });

  describe('of the crash loop', () => {
    test('forgets the starts but the last', () => {
      const world = new World().ready();
      for (let count = 0; count < 4; count += 1) world.restart();
      expect(world.locks()).toEqual(['crash-loop']);
      expect(world.unlock().ok).toBe(true);
      world.restart();
      expect(world.locks()).toEqual([]);
    });
  });

  describe('of a silence', () => {
    test('ends what a run that hears of nothing has inherited; the next silence locks again', () => {
      const world = new World().ready();
      const silence = (): void =>
        void world.apply({ type: 'reach', unreachable: 'no alert has got through for 600 s' });
      silence();
      world.restart();
      expect(world.locks()).toEqual(['operators-unreachable']);
      expect(world.unlock()).toMatchObject({ ok: true, text: 'Unlocked: Nobody reachable.' });
      expect(world.locks()).toEqual([]);
      silence();
      expect(world.locks()).toEqual(['operators-unreachable']);
      world.apply({ type: 'reach', unreachable: null });
      expect(world.locks()).toEqual([]);
    });
  });

  describe('of model drift', () => {
    test('accepts the drift seen', () => {
      const world = new World().ready();
      const drift = (value: number): void =>
        void world.apply({ type: 'model-status', valid: true, detail: '', drift: { value, limit: 0.25 } });
      drift(0.3);
      expect(world.unlock().ok).toBe(true);
      drift(0.35);
      expect(world.locks()).toEqual([]);
      drift(0.5);
      expect(world.locks()).toEqual(['model-drift']);
    });

    test('accepts no drift that was measured after none was shown', () => {
      const world = new World().ready();
      const drift = (value: number | null): void =>
        void world.apply({
          type: 'model-status',
          valid: true,
          detail: '',
          drift: value === null ? null : { value, limit: 0.25 },
        });
      drift(0.3);
      drift(null);
      const shown = {
        name: 'unlock',
        reason: '',
        lockIds: ['model-drift'],
        newLossPermitted: null,
        shownAt: world.at,
        shownDrift: null,
      } as const;
      drift(0.9);
      expect(world.command(shown)).toMatchObject({
        ok: false,
        text: 'Model drift: a drift of 0.90 has been measured since none was shown; send /unlock again',
      });
      drift(0.2);
      expect(world.command(shown).ok).toBe(true);
      expect(world.state.guardian.acceptedDrift).toBeNull();
      drift(0.3);
      expect(world.locks()).toEqual(['model-drift']);
    });

    test('accepts no more than was shown, and nothing that would lock again at once', () => {
      const world = new World().ready();
      const drift = (value: number): void =>
        void world.apply({ type: 'model-status', valid: true, detail: '', drift: { value, limit: 0.25 } });
      drift(0.3);
      const shown = {
        name: 'unlock',
        reason: '',
        lockIds: ['model-drift'],
        newLossPermitted: null,
        shownAt: world.at,
        shownDrift: 0.3,
      } as const;
      drift(0.44);
      expect(world.command(shown)).toMatchObject({
        ok: false,
        text: 'Model drift: the drift has grown to 0.44 since 0.30 was shown; send /unlock again',
      });
      drift(0.4);
      expect(world.command(shown).ok).toBe(true);
      expect(world.state.guardian.acceptedDrift).toBe(0.3);
      drift(0.44);
      expect(world.locks()).toEqual(['model-drift']);
    });
  });

  describe('of a start gate', () => {
    const gated = (clears?: 'unlock' | 'reconcile' | 'restart'): World => {
      const world = new World();
      world.start({
        halts: [
          { code: 'gate', text: 'a gate failed', ...(clears === undefined ? {} : { clears }) },
          { code: 'other', text: 'and another', clears: 'unlock' },
        ],
      });
      world.account();
      return world;
    };

    test('names every gate that failed', () => {
      expect(gated().state.guardian.locks['start-gate']).toMatchObject({ reason: 'a gate failed; and another' });
    });

    test('that has to pass at a start can not be unlocked in this one', () => {
      const world = gated('restart');
      world.command({ name: 'reconcile' });
      world.account();
      expect(world.unlock()).toMatchObject({
        ok: false,
        text: expect.stringContaining('has to pass at a new start: a gate failed') as string,
      });
      world.restart();
      expect(world.locks()).toContain('start-gate');
      expect(world.unlock(['start-gate']).ok).toBe(true);
    });

    test('of a restored database needs a reconciliation first', () => {
      const world = gated();
      expect(world.unlock()).toMatchObject({
        ok: false,
        text: expect.stringContaining('send /reconcile first') as string,
      });
      world.account();
      expect(world.unlock().ok).toBe(false);
      world.command({ name: 'reconcile' });
      expect(world.unlock().ok).toBe(false);
      world.account();
      expect(world.unlock().ok).toBe(true);
    });

    test('of a restored database is not forgotten by a second start, which says nothing of it', () => {
      const world = gated();
      world.restart();
      expect(world.unlock()).toMatchObject({
        ok: false,
        text: expect.stringContaining('send /reconcile first') as string,
      });
      world.command({ name: 'reconcile' });
      world.account();
      world.restart();
      expect(world.unlock().ok).toBe(true);
      // One that has been answered is over.
      world.start({ halts: [{ code: 'later', text: 'a later gate', clears: 'unlock' }] });
      expect(world.state.guardian.gates.map(({ code }) => code)).toEqual(['later']);
    });

    test('may say that /unlock is enough', () => {
      expect(gated('unlock').unlock(['start-gate']).ok).toBe(true);
    });
  });
});

describe('/flatten', () => {
  test('closes one symbol or all', () => {
    const world = new World().ready().enter();
    world.exchange.prices[ETH] = 2_500;
    world.enter(ETH);
    expect(world.command({ name: 'flatten', symbol: ETH })).toMatchObject({ ok: true, text: 'Closing ETH/USDT.' });
    expect([world.held(), world.held(ETH)]).toEqual([world.held(), '0']);
    expect(world.managed()).not.toBeNull();
    expect(world.command({ name: 'flatten', symbol: null }).ok).toBe(true);
    expect(world.held()).toBe('0');
    expect(world.command({ name: 'flatten', symbol: null })).toMatchObject({
      ok: false,
      code: 'no-position',
      text: 'No open positions.',
    });
    expect(world.command({ name: 'flatten', symbol: BTC }).text).toBe(`No open position in ${BTC}.`);
  });

  test('withdraws an entry that has not been sent, and cancels one whose outcome is open: neither is bought to be sold at once', () => {
    const world = new World().ready();
    world.fate = () => ({ kind: 'silence' });
    world.enter();
    world.command({ name: 'flatten', symbol: BTC });
    expect([world.state.orders['gbtest01-1']?.status, world.managed(), world.locks()]).toEqual([
      'never-sent',
      null,
      [],
    ]);
    world.fate = () => ({ kind: 'unknown', arrives: true, part: 0 });
    world.enter(ETH);
    world.take();
    world.command({ name: 'flatten', symbol: null });
    expect(world.take().filter((effect) => effect.type === 'cancel')).toMatchObject([
      { reason: expect.stringContaining('flatten') as unknown },
    ]);
    expect(world.managed(ETH)).toBeNull();
  });

  test('does not wait for the pause after an exit that failed', () => {
    const world = new World().ready().enter();
    world.fate = (draft) => ({ kind: draft.purpose === 'exit' ? 'reject' : 'accept' });
    world.command({ name: 'flatten', symbol: null });
    world.fate = () => ({ kind: 'accept' });
    world.command({ name: 'flatten', symbol: null });
    expect(world.held()).toBe('0');
  });
});

test('the days of these tests are what they are taken for', () => {
  expect(new Date(MONDAY).toISOString()).toBe('2024-08-05T00:00:00.000Z');
  expect(DAY_MS / HOUR_MS).toBe(24);
});
