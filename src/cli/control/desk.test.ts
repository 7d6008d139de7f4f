import { describe, expect, test } from 'vitest';
import type { CommandSet, Reply } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AuditEntry } from '../../ports/operator.ts';
import { createControlDesk } from './desk.ts';

/** A command that asks for a confirmation, one that asks a question first, one that only answers. */
const world = () => {
  const done: string[] = [];
  const audits: AuditEntry[] = [];
  let now = 1_000_000;
  let behind = 0;
  const confirm = (what: string): Reply => ({
    title: 'Sell?',
    blocks: [],
    outcome: 'asked',
    request: {
      kind: 'confirm',
      what: [what],
      label: 'Sell it',
      needsCode: true,
      needsApproval: true,
      action: (caller) => {
        done.push(`${what} by ${caller.name} via ${caller.via}`);
        return Promise.resolve({ ok: true, code: 'done', text: 'Sold.' });
      },
    },
  });
  const replies: Readonly<Record<string, (words: string) => Reply>> = {
    status: () => ({
      title: 'Active',
      blocks: [
        {
          kind: 'fields',
          rows: [
            ['Equity', '1,000.00'],
            ['Day', '0.00'],
          ],
        },
        { kind: 'table', head: ['Sym', 'PnL'], rows: [['BTC', '-1.5']], align: ['left', 'right'] },
      ],
    }),
    backup: () => ({
      title: 'Refused',
      blocks: [{ kind: 'text', lines: ['No backup was made: the disk is full'] }],
      outcome: 'failed',
      ok: false,
    }),
    flatten: (words) => confirm(`sells ${words}`),
    unlock: () => ({
      title: 'How much?',
      blocks: [],
      request: {
        kind: 'ask',
        question: 'Type the amount',
        answer: (text) =>
          text === '20'
            ? confirm('permits 20')
            : { title: 'That is not the amount', blocks: [], outcome: 'wrong amount' },
      },
    }),
  };
  const commands: CommandSet = {
    list: () =>
      Object.keys(replies).map((name) => ({ name, role: 'operator', effect: 'loosen', usage: '', description: '' })),
    find: (name) =>
      name in replies ? { name, role: 'operator', effect: 'loosen', usage: '', description: '' } : undefined,
    run: (name, words) => Promise.resolve(replies[name]?.(words) ?? { title: '', blocks: [] }),
  };
  const clock: Clock = {
    marketNow: () => now,
    wallNow: () => now - behind,
    monotonicNow: () => now,
    sleep: () => Promise.resolve(),
  };
  const disk = { full: false };
  const errors: string[] = [];
  const silent = (): void => undefined;
  const desk = createControlDesk({
    commands,
    clock,
    log: { debug: silent, info: silent, warn: silent, error: (_fields, message) => void errors.push(message) },
    service: {
      audit: (entry) => {
        if (disk.full) throw new Error('disk full');
        audits.push(entry);
      },
    },
  });
  const ask = (name: string, words = '') => desk.command({ kind: 'command', name, arguments: words, user: 'ada' });
  const answer = (nonce: string | undefined, text: string) =>
    desk.command({ kind: 'answer', nonce: nonce ?? '', text, user: 'ada' });
  return {
    done,
    audits,
    errors,
    disk,
    ask,
    answer,
    pass: (span: number) => void (now += span),
    setBack: (span: number) => void (behind += span),
  };
};

describe('the control desk', () => {
  test('answers as lines of a terminal and puts every command on record', async () => {
    const { ask, audits } = world();
    expect((await ask('status')).lines).toEqual([
      'Active',
      'Equity  1,000.00',
      'Day     0.00',
      'Sym   PnL',
      'BTC  -1.5',
    ]);
    expect(await ask('sell-everything')).toMatchObject({
      ok: false,
      lines: ['there is no command sell-everything; there are status, backup, flatten, unlock'],
    });
    expect(audits.map(({ command, outcome, caller }) => [command, outcome, caller.via, caller.name])).toEqual([
      ['status', 'answered', 'control-socket', 'ada (ctl)'],
    ]);
  });

  test('what was not done is no success for a script either', async () => {
    expect(await world().ask('backup')).toMatchObject({
      ok: false,
      lines: ['Refused', 'No backup was made: the disk is full'],
    });
  });

  test('a clock that is set back does not keep a question open', async () => {
    const { ask, answer, done, pass, setBack } = world();
    const { question } = await ask('flatten', 'BTC');
    setBack(3_600_000);
    pass(121_000);
    expect(await answer(question?.nonce, 'yes')).toMatchObject({
      ok: false,
      lines: ['the question has expired; begin again'],
    });
    expect(done).toEqual([]);
  });

  test('what needs confirming is done once, on yes alone, within two minutes', async () => {
    const { ask, answer, done, pass } = world();
    const first = await ask('flatten', 'BTC');
    expect(first.question).toMatchObject({ confirms: true, text: 'Sell it?' });
    expect(done).toEqual([]);
    expect(await answer(first.question?.nonce, 'yes')).toMatchObject({ ok: true, lines: ['Sold.'] });
    expect(await answer(first.question?.nonce, 'yes')).toMatchObject({ ok: false });
    const second = await ask('flatten', 'ETH');
    expect(await answer(second.question?.nonce, 'no')).toMatchObject({
      ok: false,
      lines: ['not confirmed: nothing was done'],
    });
    const third = await ask('flatten', 'ETH');
    pass(120_001);
    expect(await answer(third.question?.nonce, 'yes')).toMatchObject({
      ok: false,
      lines: ['the question has expired; begin again'],
    });
    expect(await answer('made up', 'yes')).toMatchObject({ ok: false });
    expect(done).toEqual(['sells BTC by ada (ctl) via control-socket']);
  });

  test('what loosens safety is on record before it is done, or it is not done; what only looks is answered all the same', async () => {
    const { ask, answer, done, audits, errors, disk } = world();
    const asked = await ask('flatten', 'BTC');
    disk.full = true;
    await expect(answer(asked.question?.nonce, 'yes')).rejects.toThrow('disk full');
    expect(done).toEqual([]);
    expect((await ask('status')).ok).toBe(true);
    expect(errors).toEqual(['audit row not written']);
    disk.full = false;
    const again = await ask('flatten', 'BTC');
    await answer(again.question?.nonce, 'yes');
    expect(audits.slice(-3).map(({ command, arguments: words, outcome }) => [command, words, outcome])).toEqual([
      ['flatten', 'BTC', 'asked'],
      ['flatten', 'sells BTC', 'confirmed'],
      ['flatten', '', 'done'],
    ]);
  });

  test('a question before the confirmation: a wrong answer ends it', async () => {
    const { ask, answer, done } = world();
    const wrong = await ask('unlock');
    expect(await answer(wrong.question?.nonce, '2')).toMatchObject({ ok: false, question: null });
    const right = await ask('unlock');
    const confirm = await answer(right.question?.nonce, '20');
    expect(confirm.question?.confirms).toBe(true);
    expect(done).toEqual([]);
    await answer(confirm.question?.nonce, 'yes');
    expect(done).toHaveLength(1);
  });
});
