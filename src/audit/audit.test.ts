import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../core/risk/limits.ts';
import { DAY_MS, SECOND_MS } from '../core/units.ts';
import { judge, reportLines, reportMarkdown } from './audit.ts';
import { DOMAINS } from './check.ts';
import type { Evidence } from './evidence.ts';
import { recordPhase } from './phase-record.ts';

/** Nothing is known of anything. */
const nothing: Evidence = {
  at: Date.UTC(2026, 0, 1),
  engineVersion: 'x',
  config: {
    mode: 'live',
    symbols: ['BTC/USDT'],
    limits: DEFAULT_LIMITS,
    acceptNoEdge: false,
    operators: 0,
    telegramToken: false,
    telegramInTheClear: 'http://192.0.2.7',
    exchangeInTheClear: 'http://192.0.2.8',
    webhook: false,
    heartbeat: false,
    totp: false,
    dashboardHost: '127.0.0.1',
  },
  model: null,
  modelFault: 'no model | at all',
  paper: { status: 'missing', why: 'no paper', exists: false },
  testnet: { status: 'missing', why: 'no testnet', exists: false },
  own: { status: 'missing', why: 'no live', exists: false },
  exchange: { fault: 'no answer', skew: null, account: null, rights: null, accountFault: 'no key' },
  host: {
    uid: 0,
    user: 'root',
    envFile: { path: '.env', mode: 0o644 },
    anyCertificate: true,
    databases: [{ path: 'x.db', mode: 0o666 }],
    freeBytes: 0,
    backup: null,
  },
};

describe('the audit', () => {
  test('what is not known is never good', () => {
    const report = judge(nothing);
    expect(report.ready).toBe(false);
    const good = report.checks.filter(({ verdict }) => verdict === 'PASS').map(({ name }) => name);
    // Limits and dashboard are known and right; a new database has no locks; of nothing, nothing is wrong.
    expect(good.sort()).toEqual([
      'books-agree',
      'dashboard',
      'limits-within-ceilings',
      'locks-hold',
      'locks-in-force',
      'outcomes-known',
      'positions-protected',
    ]);
    expect(report.score).toBeLessThan(30);
  });

  test('a database that is there and cannot be read is not a new one', () => {
    const unread = judge({
      ...nothing,
      own: { status: 'missing', why: 'live.db is not a database of this program', exists: true },
    });
    expect(unread.checks.find(({ name }) => name === 'locks-in-force')).toMatchObject({
      verdict: 'FAIL',
      evidence: 'not known: live.db is not a database of this program',
    });
  });

  const verdictOf = (evidence: Evidence, name: string) => judge(evidence).checks.find((check) => check.name === name);
  const ended = (mode: string, to: number): Evidence['paper'] => ({
    status: 'read',
    path: `${mode}.db`,
    mode,
    whole: mode !== 'live',
    record: { ...recordPhase([], null, { modelHash: 'h', limits: DEFAULT_LIMITS }), from: 0, to },
    drills: [],
  });

  test('how far the journals were stepped again is said', () => {
    const evidence = { ...nothing, testnet: ended('testnet', 0), own: ended('live', 0) };
    expect(verdictOf(evidence, 'journal-replays')?.evidence).toMatch(
      /testnet: 0 entries bit for bit, \S+: 0 entries since its newest snapshot bit for bit$/,
    );
  });

  test('a model that no phase has run with is not the same as theirs', () => {
    const model = { name: 'm', hash: 'h', demonstratedEdge: true };
    expect(verdictOf({ ...nothing, model, modelFault: null }, 'same-model')?.verdict).toBe('FAIL');
    expect(verdictOf({ ...nothing, model, modelFault: null, paper: ended('paper', 0) }, 'same-model')?.verdict).toBe(
      'PASS',
    );
  });

  test('a drill counts in a run with this model and these limits; one at another time is named', () => {
    const testnet = (days: number): Evidence['testnet'] => {
      const phase = ended('testnet', 0);
      return phase.status === 'read'
        ? {
            ...phase,
            record: { ...phase.record, crashes: 1, runs: [{ from: nothing.at - 2 * DAY_MS, to: nothing.at - DAY_MS }] },
            drills: ['round-trip', 'stale-data', 'restart'].map((name) => ({
              name,
              at: nothing.at - days * DAY_MS,
              passed: true,
              text: 'passed',
            })),
          }
        : phase;
    };
    const of = (days: number) =>
      ['round-trip-drill', 'stale-data-drill', 'restart-drill'].map((name) =>
        verdictOf({ ...nothing, testnet: testnet(days) }, name),
      );
    expect(of(1.5).map((check) => check?.verdict)).toEqual(['PASS', 'PASS', 'PASS']);
    for (const check of [...of(0.5), ...of(3)])
      expect(check).toMatchObject({
        verdict: 'FAIL',
        evidence: expect.stringContaining('does not count: it was with another model or other limits') as string,
      });
  });

  test('symbols that no phase has traded are named, and a key with rights beyond spot', () => {
    const traded = (mode: string, ...symbols: string[]): Evidence['paper'] => {
      const phase = ended(mode, 0);
      return phase.status === 'read' ? { ...phase, record: { ...phase.record, symbols } } : phase;
    };
    const config = { ...nothing.config, symbols: ['BTC/USDT', 'SOL/USDT'] };
    expect(verdictOf(nothing, 'same-symbols')?.verdict).toBe('FAIL');
    expect(
      verdictOf(
        {
          ...nothing,
          config,
          paper: traded('paper', 'BTC/USDT', 'SOL/USDT'),
          testnet: traded('testnet', 'SOL/USDT', 'BTC/USDT', 'ETH/USDT'),
        },
        'same-symbols',
      )?.verdict,
    ).toBe('PASS');
    expect(
      verdictOf(
        { ...nothing, config, paper: traded('paper', 'BTC/USDT', 'SOL/USDT'), testnet: traded('testnet', 'BTC/USDT') },
        'same-symbols',
      ),
    ).toMatchObject({ verdict: 'WARN', evidence: 'testnet was run without SOL/USDT' });
    const key = (beyondSpot: boolean) =>
      verdictOf(
        {
          ...nothing,
          exchange: {
            ...nothing.exchange,
            rights: { trading: true, withdrawals: false, beyondSpot, ipRestricted: true },
          },
        },
        'key-rights',
      )?.verdict;
    expect([key(false), key(true)]).toEqual(['PASS', 'WARN']);
  });

  test('evidence from days to come is not fresh: a clock was off', () => {
    const at = (paper: number, testnet: number) =>
      verdictOf(
        { ...nothing, paper: ended('paper', nothing.at + paper), testnet: ended('testnet', nothing.at + testnet) },
        'evidence-age',
      )?.verdict;
    expect([at(-DAY_MS, -DAY_MS), at(-31 * DAY_MS, 0), at(0, SECOND_MS)]).toEqual(['PASS', 'WARN', 'PASS']);
    expect([at(-DAY_MS, 40 * DAY_MS), at(DAY_MS, DAY_MS)]).toEqual(['FAIL', 'FAIL']);
  });

  test('a name that begins like a loopback address is none', () => {
    const at = (dashboardHost: string) =>
      verdictOf({ ...nothing, config: { ...nothing.config, dashboardHost } }, 'dashboard')?.verdict;
    expect([at('127.0.0.1'), at('127.1.2.3'), at('localhost'), at('::1')]).toEqual(['PASS', 'PASS', 'PASS', 'PASS']);
    expect([at('127.example.org'), at('0.0.0.0')]).toEqual(['WARN', 'WARN']);
  });

  test('connections that others can read or pretend to be at the end of fail, as they keep live from starting', () => {
    const of = (telegramInTheClear: string | null, anyCertificate: boolean, exchangeInTheClear: string | null = null) =>
      verdictOf(
        {
          ...nothing,
          config: { ...nothing.config, telegramInTheClear, exchangeInTheClear },
          host: { ...nothing.host, anyCertificate },
        },
        'connections',
      );
    expect(of(null, false)?.verdict).toBe('PASS');
    expect(of('http://192.0.2.7', false)).toMatchObject({
      verdict: 'FAIL',
      evidence:
        'TELEGRAM_API_ROOT=http://192.0.2.7 sends token and commands in the clear: use https:// or a loopback address',
    });
    expect(of(null, false, 'http://192.0.2.8')).toMatchObject({
      verdict: 'FAIL',
      evidence:
        'EXCHANGE_API_ROOT=http://192.0.2.8 takes prices and sends orders in the clear: use https:// or a loopback address',
    });
    expect(of(null, true)).toMatchObject({
      verdict: 'FAIL',
      evidence: expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED=0') as string,
    });
  });

  test('room on a disk is written as everywhere else', () => {
    const at = (freeBytes: number) => verdictOf({ ...nothing, host: { ...nothing.host, freeBytes } }, 'disk')?.evidence;
    expect([at(40 * 1024 ** 2), at(3 * 1024 ** 3)]).toEqual([
      '40 MiB free, at least 1.0 GiB: make room',
      '3.0 GiB free',
    ]);
  });

  test('has eight domains, each with checks of its own, and says where each stands in the documentation', () => {
    const report = judge(nothing);
    const documentation = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    for (const domain of DOMAINS) {
      const names = report.checks.filter((check) => check.domain === domain).map(({ name }) => `\`${name}\``);
      expect(names.length).toBeGreaterThanOrEqual(3);
      expect(documentation).toContain(`| ${domain} | ${names.join(', ')} |`);
    }
    expect(new Set(report.checks.map(({ name }) => name)).size).toBe(report.checks.length);
  });

  test('prints one line a check, and Markdown whose tables no text can break', () => {
    const report = judge(nothing);
    expect(reportLines(report).at(-1)).toMatch(/^score \d+\/100: not ready \(/);
    const markdown = reportMarkdown(report);
    expect(markdown).toContain('no model \\| at all');
    for (const line of markdown.split('\n').filter((text) => text.startsWith('| ') && !text.startsWith('| check')))
      expect(line.replaceAll('\\|', '').split('|')).toHaveLength(5);
  });
});
