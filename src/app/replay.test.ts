import { describe, expect, test } from 'vitest';
import { decodeState, encodeState, readableState } from '../core/engine/codec.ts';
import { createEngineState } from '../core/engine/state.ts';
import type { Input } from '../core/engine/input.ts';
import { step } from '../core/engine/step.ts';
import { FEATURE_NAMES, FEATURE_SCHEMA_HASH } from '../core/features/catalogue.ts';
import type { JournalEntry } from '../ports/store.ts';
import { createMemoryJournal, FIXTURE_START, recordUpgrade, runFixture } from './replay.test-helper.ts';
import { describeDifference, explain, recover, verify, verifyOwn, type StepFunction } from './replay.ts';
import { firstDifference, textDifference } from './replay-difference.ts';

const HOURS = 8 * 24;

const recordedRun = (hours = HOURS) => {
  const journal = createMemoryJournal();
  const run = runFixture(journal, createEngineState(), 7, hours);
  return { journal, ...run };
};

const entryAt = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
};

describe('verify', () => {
  const { journal, effects } = recordedRun();

  test('stepping the journal anew gives every effect bit for bit', () => {
    const result = verify(journal);
    expect(result).toEqual({
      ok: true,
      entries: journal.entries.length,
      effects: effects.length,
      firstDifference: null,
      engineVersions: ['fixture-engine'],
    });
    const kinds = new Set(effects.map((effect) => effect.type));
    expect([...kinds].sort()).toEqual([
      'alert',
      'baseline',
      'cancel',
      'command-result',
      'decision',
      'deposit',
      'equity',
      'fill',
      'lock',
      'order',
      'place',
      'trade',
    ]);
  });

  test('it steps the engine and does not echo the record: another engine is noticed', () => {
    const silent: StepFunction = (state, input) => (step(state, input), []);
    expect(verify(journal, { stepFunction: silent }).ok).toBe(false);
  });

  test('an edited input is named by the first effect that it changes', () => {
    const { journal: edited } = recordedRun();
    const index = edited.entries.findIndex(
      (entry) => entry.input.type === 'prediction' && entry.effects.includes('"outcome":"entered"'),
    );
    const { input, sequence } = entryAt(edited.entries, index);
    if (input.type !== 'prediction' || input.probability === null) throw new Error('a prediction was expected');
    edited.entries.splice(index, 1, {
      ...entryAt(edited.entries, index),
      input: { ...input, probability: input.probability + Number.EPSILON },
    });
    const result = verify(edited);
    expect(result.ok).toBe(false);
    expect(result.entries).toBe(index);
    expect(result.firstDifference).toMatchObject({ sequence, inputType: 'prediction', at: input.at });
    expect(result.firstDifference?.path).toMatch(/^\[\d+\]\.(probability|text|expectedValue|order)/);
  });

  test('an edited price is found by what follows from it', () => {
    const { journal: edited } = recordedRun();
    const entered = edited.entries.findIndex((entry) => entry.effects.includes('"outcome":"entered"'));
    const index = edited.entries.findIndex((entry, at) => at > entered && entry.input.type === 'quotes');
    const { input } = entryAt(edited.entries, index);
    if (input.type !== 'quotes') throw new Error('quotes were expected');
    edited.entries.splice(index, 1, {
      ...entryAt(edited.entries, index),
      input: { ...input, quotes: input.quotes.map((quote) => ({ ...quote, last: quote.last * 0.5 })) },
    });
    const { firstDifference: difference } = verify(edited);
    expect(difference?.sequence).toBeGreaterThanOrEqual(index + 1);
  });

  test('an edit without an effect of its own is found at the snapshot', () => {
    const { journal: edited, state } = recordedRun();
    edited.writeSnapshot({ sequence: edited.lastSequence(), at: state.at, state: encodeState(state) });
    expect(verify(edited).ok).toBe(true);
    const last = edited.entries.length - 1;
    const kept = edited.entries.findLastIndex((entry) => entry.input.type === 'quotes');
    const { input } = entryAt(edited.entries, kept);
    if (input.type !== 'quotes') throw new Error('quotes were expected');
    edited.entries.splice(kept, 1, {
      ...entryAt(edited.entries, kept),
      input: { ...input, quotes: input.quotes.map((quote) => ({ ...quote, ask: quote.ask + 0.01 })) },
    });
    const { firstDifference: difference } = verify(edited);
    expect(difference).toMatchObject({ sequence: last + 1, inputType: 'snapshot', path: 'state.symbols.BTC/USDT.ask' });
  });

  test('a snapshot whose windows are written in digits, as by older versions, is no difference; one value of them is', () => {
    const { journal: older, state } = recordedRun();
    const digits = JSON.stringify(readableState(encodeState(state)));
    expect(digits).not.toBe(encodeState(state));
    older.writeSnapshot({ sequence: older.lastSequence(), at: state.at, state: digits });
    expect(verify(older).ok).toBe(true);
    expect(encodeState(recover(older).state)).toBe(encodeState(state));
    const edited = digits.replace(/("\$window":"[^"]*)[1-9]"/, '$10"');
    older.writeSnapshot({ sequence: older.lastSequence(), at: state.at, state: edited });
    expect(verify(older).firstDifference).toMatchObject({
      inputType: 'snapshot',
      path: expect.stringMatching(/^state\.symbols\..*\.volatility\.window\.\$window$/) as string,
    });
  });

  test('a changed policy constant names the first decision it changes', () => {
    const stricter: StepFunction = (state, input) =>
      step(
        state,
        input.type === 'started' && input.config.model !== null
          ? { ...input, config: { ...input.config, model: { ...input.config.model, margin: 0.0011 } } }
          : input,
      );
    const result = verify(journal, { stepFunction: stricter });
    const first = journal.entries.find((entry) => entry.input.type === 'prediction');
    expect(result.firstDifference).toMatchObject({
      sequence: first?.sequence,
      inputType: 'prediction',
      path: '[0].margin',
      recorded: '0.001',
      replayed: '0.0011',
    });
    expect(describeDifference(result.firstDifference ?? never())).toMatch(
      /^entry \d+ \(prediction, 2024-08-01T01:00:00.000Z\), \[0\]\.margin: recorded 0\.001, replayed 0\.0011$/,
    );
  });

  test('until ends it early, on the entry named', () => {
    expect(verify(journal, { until: 100 })).toMatchObject({ ok: true, entries: 100 });
  });

  test('a missing entry is named', () => {
    const { journal: broken } = recordedRun(24);
    broken.entries.splice(50, 1);
    expect(verify(broken).firstDifference).toMatchObject({
      sequence: 51,
      inputType: 'missing',
      recorded: 'entry 52 follows entry 50',
    });
  });

  test('a journal that ends before its own snapshot is not proved: entries after its end were there', () => {
    const { journal: broken, state } = recordedRun(24);
    const whole = broken.lastSequence();
    broken.writeSnapshot({ sequence: whole, at: state.at, state: encodeState(state) });
    broken.entries.splice(-20);
    expect(verify(broken)).toMatchObject({
      ok: false,
      entries: whole - 20,
      firstDifference: {
        sequence: whole - 19,
        inputType: 'missing',
        recorded: `nothing follows entry ${whole - 20}, of ${whole}`,
      },
    });
    expect(verify(broken, { until: whole - 20 }).ok).toBe(true);
  });

  test('an entry that the engine cannot step is a difference, not an exception', () => {
    const failing: StepFunction = (state, input) => {
      if (input.type === 'candle') throw new Error('no candles today');
      return step(state, input);
    };
    expect(verify(journal, { stepFunction: failing }).firstDifference).toMatchObject({
      inputType: 'candle',
      replayed: 'the engine failed: no candles today',
    });
  });

  test('the versions of all engines that wrote the journal are given', () => {
    const { journal: long, state } = recordedRun(24);
    runFixture(long, state, 8, 24, FIXTURE_START + 24 * 3_600_000);
    const started = long.entries.findLastIndex((entry) => entry.input.type === 'started');
    const entry = entryAt(long.entries, started);
    if (entry.input.type !== 'started') throw new Error('a start was expected');
    long.entries.splice(started, 1, { ...entry, input: { ...entry.input, engineVersion: 'newer' } });
    expect(verify(long)).toMatchObject({ ok: true, engineVersions: ['fixture-engine', 'newer'] });
  });
});

describe('what this version has written after another', () => {
  const upgraded = (rounds = 1) => {
    const journal = createMemoryJournal();
    return { journal, since: recordUpgrade(journal, 'newer', { rounds }) };
  };
  type Journal = ReturnType<typeof createMemoryJournal>;
  const withoutEffects = (journal: Journal, sequence: number): void =>
    void journal.entries.splice(sequence - 1, 1, { ...entryAt(journal.entries, sequence - 1), effects: '[{}]' });

  test('is proved by itself, from the state that it found', () => {
    const { journal, since } = upgraded();
    expect(verify(journal).firstDifference?.sequence).toBeLessThan(since);
    expect(verifyOwn(journal, 'newer')).toEqual({
      parts: [{ since, through: journal.lastSequence() }],
      atEnd: true,
      gap: null,
      firstDifference: null,
    });
    expect(verifyOwn(journal, 'newer', { until: since + 9 })).toMatchObject({
      parts: [{ since, through: since + 9 }],
      atEnd: true,
      firstDifference: null,
    });
  });

  test('is looked at from its first entry to its last', () => {
    for (const where of [(since: number) => since, (_: number, last: number) => last]) {
      const { journal, since } = upgraded();
      const sequence = where(since, journal.lastSequence());
      withoutEffects(journal, sequence);
      expect(verifyOwn(journal, 'newer').firstDifference).toMatchObject({ sequence });
      expect(verifyOwn(journal, 'newer', { until: sequence - 1 }).firstDifference).toBeNull();
    }
  });

  test('is proved, too, where the other version came back in between', () => {
    const { journal, since } = upgraded(2);
    const { parts, firstDifference } = verifyOwn(journal, 'newer');
    expect(parts).toMatchObject([{ since: expect.any(Number) as number }, { since, through: journal.lastSequence() }]);
    expect(firstDifference).toBeNull();
    const [{ through } = { through: 0 }] = parts;
    expect(through).toBeLessThan(since - 1);
    withoutEffects(journal, through);
    expect(verifyOwn(journal, 'newer').firstDifference).toMatchObject({ sequence: through });
  });

  test('is told by the snapshot where a journal without its older days begins, and has to reach to the newest', () => {
    const { journal, since } = upgraded();
    const { state } = recover({
      ...journal,
      lastSequence: () => since + 20,
      entriesAfter: (after) => journal.entries.slice(after, since + 20).values(),
    });
    const start = { sequence: since + 20, at: state.at, state: encodeState(state) };
    expect(verifyOwn(journal, 'newer', { start })).toMatchObject({
      parts: [{ since: since + 21 }],
      firstDifference: null,
    });
    expect(verifyOwn(journal, 'older', { start })).toMatchObject({ parts: [], atEnd: false });
    journal.writeSnapshot({ ...start, sequence: journal.lastSequence() });
    journal.entries.pop();
    expect(verifyOwn(journal, 'newer').firstDifference).toMatchObject({
      sequence: journal.lastSequence() + 1,
      inputType: 'missing',
    });
  });

  test('needs nothing from before the snapshot that its start began from, and every input since', () => {
    const { journal, since } = upgraded();
    const at = journal.snapshot?.sequence ?? 0;
    const spoil = (index: number): void =>
      void journal.entries.splice(index, 1, {
        ...entryAt(journal.entries, index),
        input: { type: 'timer', at: 0, wall: 0 },
      });
    spoil(at - 1);
    expect(verifyOwn(journal, 'newer').firstDifference).toBeNull();
    journal.entries.splice(
      at,
      since - 1 - at,
      ...journal.entries
        .slice(at, since - 1)
        .map((entry) => ({ ...entry, input: { ...entry.input, type: 'timer' } as Input })),
    );
    expect(verifyOwn(journal, 'newer').firstDifference).not.toBeNull();
  });

  test('does not reach to the end when another version was the last to start; a hole is found whoever wrote around it', () => {
    const { journal } = upgraded();
    expect(verifyOwn(journal, 'newest')).toEqual({ parts: [], atEnd: false, gap: null, firstDifference: null });
    expect(verifyOwn(journal, 'older').atEnd).toBe(false);
    journal.entries.splice(20, 1);
    expect(verifyOwn(journal, 'newer').gap).toMatchObject({ sequence: 21, inputType: 'missing' });
  });
});

describe('recover', () => {
  test('from an empty journal: the state of a new engine', () => {
    expect(recover(createMemoryJournal())).toMatchObject({
      sequence: 0,
      snapshotSequence: 0,
      replayed: 0,
      difference: null,
      state: createEngineState(),
    });
  });

  test('from the first entry, or from any snapshot: the same state', () => {
    const { journal, state } = recordedRun(4 * 24);
    const final = encodeState(state);
    const whole = recover(journal);
    expect(encodeState(whole.state)).toBe(final);
    expect(whole).toMatchObject({
      sequence: journal.entries.length,
      replayed: journal.entries.length,
      difference: null,
    });
    for (const at of [1, 3, 4, 500, 1000, journal.entries.length]) {
      const half = createEngineState();
      for (const entry of journal.entries.slice(0, at)) step(half, entry.input);
      journal.writeSnapshot({ sequence: at, at: half.at, state: encodeState(half) });
      const recovered = recover(journal);
      expect(recovered).toMatchObject({
        sequence: journal.entries.length,
        snapshotSequence: at,
        replayed: journal.entries.length - at,
        difference: null,
      });
      expect(decodeState(encodeState(recovered.state))).toEqual(decodeState(final));
    }
  });

  test('a difference is reported, and the state is still given', () => {
    const { journal, state } = recordedRun(24);
    const entry = entryAt(journal.entries, 0);
    journal.entries.splice(0, 1, { ...entry, effects: '[]' });
    const recovered = recover(journal);
    expect(recovered.difference).toMatchObject({ sequence: 1, inputType: 'started', recorded: '(nothing)' });
    expect(encodeState(recovered.state)).toBe(encodeState(state));
  });

  test('a snapshot that cannot be read is named, and the journal gives the state', () => {
    const { journal, state } = recordedRun(24);
    journal.writeSnapshot({ sequence: 100, at: 0, state: '{"config": nul' });
    const recovered = recover(journal);
    expect(recovered.snapshotFault).toMatch(/^snapshot 100: /);
    expect(recovered.snapshotSequence).toBe(0);
    expect(encodeState(recovered.state)).toBe(encodeState(state));
  });

  test('a missing entry, and one that cannot be stepped, are errors that name it', () => {
    const { journal } = recordedRun(24);
    journal.entries.splice(20, 1);
    expect(() => recover(journal)).toThrow('journal entry 21 is missing');
    const { journal: other } = recordedRun(24);
    const failing: StepFunction = () => {
      throw new RangeError('broken');
    };
    expect(() => recover(other, failing)).toThrow('journal entry 1 (started) cannot be stepped again: broken');
  });
});

describe('explain', () => {
  const { journal, effects } = recordedRun(10 * 24);
  const trade = effects.find((effect) => effect.type === 'trade');
  const id = trade?.entryOrderId ?? '';

  test('an entry: decision, prediction, sizing, every check, history, fills and trade', () => {
    const text = explain(journal, id)?.join('\n') ?? '';
    const decision = effects.find((effect) => effect.type === 'decision' && effect.clientOrderId === id);
    if (decision?.type !== 'decision') throw new Error('a decision was expected');
    expect(text).toContain(`Order ${id}, entry: buy `);
    expect(text).toContain(`Prediction  ${decision.probability}`);
    expect(text).toContain('risk-per-trade');
    for (const check of decision.checks) expect(text).toContain(check.code);
    expect(text, 'in words').toMatch(/ok {4}Spread is narrow +limit 0\.5 %, value .* % +\[spread-collar\]/);
    expect(text, 'times are no milliseconds').not.toMatch(/(limit|value) \d{13}/);
    expect(text).toContain('Features (4, of a catalogue this program does not know)');
    expect(text).toMatch(/History\n.*approved and recorded: signal/);
    expect(text).toMatch(/Fills\n.*buy .* fee .* BTC/);
    expect(text).toMatch(/Trade closed .*: /);
    expect(text).not.toMatch(/undefined|\[object|NaN/);
  });

  test('a stop is told with the decision of its entry', () => {
    const stop = effects.find((effect) => effect.type === 'place' && effect.order.draft.purpose === 'stop');
    if (stop?.type !== 'place') throw new Error('a stop was expected');
    const text = explain(journal, stop.order.draft.clientOrderId)?.join('\n') ?? '';
    expect(text).toContain('stop: sell');
    expect(text).toContain('Outcome  entered');
    expect(text).toContain('Other orders of this position');
  });

  test('an exit whose entry is on a day that was put away: nothing untrue is said of it', () => {
    const exit = effects.find(
      (effect) =>
        effect.type === 'place' &&
        effect.order.draft.purpose !== 'entry' &&
        effects.some((fill) => fill.type === 'fill' && fill.clientOrderId === effect.order.draft.clientOrderId),
    );
    if (exit?.type !== 'place') throw new Error('an exit was expected');
    const exitId = exit.order.draft.clientOrderId;
    const placed =
      journal.entries.find((entry) => entry.effects.includes('"place"') && entry.effects.includes(exitId))?.sequence ??
      0;
    const rest = { entriesAfter: (sequence: number) => journal.entriesAfter(Math.max(sequence, placed - 1)) };
    const text = explain(rest, exitId)?.join('\n') ?? '';
    expect(text).toContain('The decision is not in what was read: the position began before its first entry.');
    expect(text).not.toContain('did not come from a prediction');
    expect(text).toMatch(/Trade closed .*: /);
    expect(text).not.toContain('still open');
  });

  test('a journal without its start knows the features by the catalogue of its first state', () => {
    const started = journal.entries.findIndex((entry) => entry.input.type === 'started');
    const rest = { entriesAfter: (sequence: number) => journal.entriesAfter(Math.max(sequence, started + 1)) };
    expect(explain(rest, id, FEATURE_SCHEMA_HASH)?.join('\n')).toMatch(/Features \(4, of a catalogue/);
    const whole = explain(
      {
        entriesAfter: (sequence) =>
          Array.from(rest.entriesAfter(sequence), (entry) =>
            entry.input.type === 'prediction'
              ? { ...entry, input: { ...entry.input, features: FEATURE_NAMES.map(() => 1) } }
              : entry,
          ).values(),
      },
      id,
      FEATURE_SCHEMA_HASH,
    );
    expect(whole?.join('\n')).toContain(`Features (${FEATURE_NAMES.length})`);
  });

  test('an entry whose outcome is unknown, or that was not answered yet: nobody says that nothing was filled', () => {
    const placed = journal.entries.findIndex(
      (entry) => entry.effects.includes('"place"') && entry.effects.includes(id),
    );
    const told = (...after: readonly JournalEntry[]): string =>
      explain({ entriesAfter: () => [...journal.entries.slice(0, placed + 1), ...after].values() }, id)?.join('\n') ??
      '';
    const { input } = entryAt(journal.entries, placed);
    const unknown = {
      type: 'order',
      clientOrderId: id,
      symbol: 'BTC/USDT',
      status: 'unknown',
      exchangeOrderId: null,
      executed: '0',
      detail: 'time-out',
    };
    const report = (status: string): JournalEntry => ({
      sequence: placed + 2,
      input,
      effects: JSON.stringify([{ ...unknown, status }]),
    });
    expect(told()).toMatch(
      /Fills: none so far, the order has not ended in what was read\n[^]*Trade: none so far, the order has not ended/,
    );
    expect(told(report('unknown'))).toMatch(
      /Fills: none so far, the outcome of the order is unknown\n[^]*Trade: none so far, the outcome of the order is unknown/,
    );
    expect(told(report('rejected'))).toMatch(/Fills: none\n[^]*Trade: none, nothing was filled/);
  });

  test('an order that nobody knows: null', () => {
    expect(explain(journal, 'gbnobody-1')).toBeNull();
  });
});

describe('differences', () => {
  test('are found at the first value that differs, with its path', () => {
    expect(textDifference('[{"a":1,"b":[1,2]}]', '[{"a":1,"b":[1,3]}]')).toEqual({
      path: '[0].b[1]',
      recorded: '2',
      replayed: '3',
    });
    expect(textDifference('[]', '[{"a":1}]')).toEqual({ path: '[0]', recorded: '(nothing)', replayed: '{"a":1}' });
    expect(textDifference('[{"a":1}]', '[]')).toEqual({ path: '[0]', recorded: '{"a":1}', replayed: '(nothing)' });
    expect(textDifference('nonsense', '[]')?.recorded).toBe('not JSON: nonsense');
    expect(textDifference('[1]', '[1]')).toBeNull();
  });

  test('another order of the same values is a difference of the text', () => {
    expect(textDifference('{"a":1,"b":2}', '{"b":2,"a":1}')).not.toBeNull();
  });

  test('what only a newer program knows can be passed over, a longer list cannot', () => {
    expect(firstDifference({ a: 1 }, { a: 1, b: 2 }, true)).toBeNull();
    expect(firstDifference({ a: 1 }, { a: 1, b: 2 })).not.toBeNull();
    expect(firstDifference([1], [1, 2], true)).toEqual({ path: '[1]', recorded: '(nothing)', replayed: '2' });
  });
});

const never = (): never => {
  throw new Error('a difference was expected');
};
