import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeCandleFile } from '../../src/adapters/candles/candle-files.ts';
import { backupFile } from '../../src/adapters/sqlite/copies.ts';
import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../src/core/features/catalogue.ts';
import { columnsFromCandles, sliceColumns } from '../../src/core/features/candle-columns.ts';
import { HOUR_MS } from '../../src/core/units.ts';
import { NO_CALIBRATION } from '../../src/research/gbdt/ensemble.ts';
import { encodeModel } from '../../src/research/onnx/model-file.ts';
import { generateCandles } from '../../src/sim/generator/candles.ts';
import { runGuardian } from './running-bot.ts';

/**
 * PRODUCT section 12 for what is named on the command line: one line, no stack trace, nothing left aside without a
 * word.
 */
const ROOT = new URL('../../', import.meta.url).pathname;
const GUARDIAN = join(ROOT, 'src', 'cli', 'guardian.ts');
const FROM = Date.UTC(2024, 0, 1);
let directory: string;
const inside = (name: string): string => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-bad-files-'));
  const columns = columnsFromCandles(generateCandles({ seed: 1, symbol: 'BTC/USDT', from: FROM, hours: 1_200 }));
  for (const [folder, complete, hours] of [
    ['ten', true, 1_200],
    ['six', false, 1_200],
    ['few', true, 959],
  ] as const) {
    mkdirSync(inside(folder));
    writeCandleFile(join(inside(folder), 'BTCUSDT-1h.csv'), {
      ...sliceColumns(columns, 0, FROM + hours * HOUR_MS),
      complete,
    });
  }
  // A file where a folder belongs: nothing can be written below it, whoever tries.
  writeFileSync(inside('file'), '');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = async (...words: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> =>
  runGuardian([...words], { DATABASE_PATH: inside('demo.db') }, directory);

/** A program where no file can be larger than so many blocks of 512 bytes: a full disk that needs no root. */
const limited = async (
  blocks: number,
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const child = spawn('sh', ['-c', `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, ...words], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: parts.join('') };
};

const runWithoutRoom = (blocks: number, database: string, ...words: readonly string[]): ReturnType<typeof limited> =>
  limited(blocks, { DATABASE_PATH: database }, GUARDIAN, ...words);

describe('what cannot be written is one line', () => {
  test.each([
    ['features', (): string[] => ['features', '--data', inside('ten'), '--output', join(inside('file'), 'x.parquet')]],
    // Before the minutes of training: no candles are read, so that there are none is not yet found.
    ['train', (): string[] => ['train', '--data', inside('none'), '--output', join(inside('file'), 'x.md')]],
    ['train, on a file itself', (): string[] => ['train', '--data', inside('none'), '--output', inside('file')]],
  ])('%s', async (_, words) => {
    const { code, output } = await run(...words());
    expect(output).toMatch(/file(\/x\.(parquet|md))? can't be written \(ENOTDIR\)/);
    expect(output).not.toMatch(/^ {4}at /m);
    expect(code).toBe(2);
  });

  test('the report that the audit keeps beside the database; the verdict is printed all the same', async () => {
    const { code, output } = await runGuardian(
      ['audit'],
      { DATABASE_PATH: join(inside('file'), 'demo.db') },
      directory,
    );
    expect(output).toMatch(/score \d+\/100/);
    expect(output).toMatch(/file\/readiness-demo\.md can't be written \((ENOTDIR|EEXIST)\)/);
    expect(output).not.toMatch(/^ {4}at /m);
    // That checks failed is what the exit code is for.
    expect(code).toBe(3);
  });

  test('the report that an audit was asked for; that checks failed is what its exit code says', async () => {
    const { code, output } = await run('audit', '--report', join(inside('file'), 'x.md'));
    expect(output).toMatch(/file\/x\.md can't be written \(ENOTDIR\)/);
    expect(output).not.toMatch(/^ {4}at /m);
    expect(code).toBe(3);
  });

  test('evidence of an audit that can be no file is a finding, not an end', async () => {
    const { code, output } = await runGuardian(
      ['audit'],
      { DATABASE_PATH: inside('demo.db'), PAPER_DATABASE_PATH: `${'x'.repeat(300)}.db` },
      directory,
    );
    expect(output).toMatch(/FAIL +dry-run .*x\.db /);
    expect(output).not.toMatch(/^ {4}at /m);
    expect(code).toBe(3);
  });

  test.each([
    [
      'TELEGRAM_API_ROOT=http://192.0.2.7 sends token and commands in the clear',
      { TELEGRAM_BOT_TOKEN: `1:${'x'.repeat(35)}`, TELEGRAM_OPERATORS: '1', TELEGRAM_API_ROOT: 'http://192.0.2.7' },
    ],
    [
      'EXCHANGE_API_ROOT=http://192.0.2.7 takes prices and sends orders in the clear',
      { MODE: 'paper', EXCHANGE_API_ROOT: 'http://192.0.2.7' },
    ],
    ['NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody on the way', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ])('an audit finds what a live start refuses: %s', async (words, environment) => {
    const { code, output } = await runGuardian(
      ['audit'],
      { DATABASE_PATH: inside('demo.db'), ...environment },
      directory,
    );
    expect(output).toMatch(new RegExp(`^ +FAIL +connections +${words}`, 'm'));
    expect(code).toBe(3);
  });

  test('a restore without room leaves the database as it was', async () => {
    const options = { path: inside('held.db'), mode: 'demo', account: 'demo' };
    const { identity, close } = openDatabase(options);
    close();
    await backupFile(options.path, inside('backup.db'), Date.now(), 'demo');
    const before = readdirSync(directory);
    const { code, output } = await runWithoutRoom(40, options.path, 'restore', inside('backup.db'));
    expect(code).toBe(1);
    expect(output).toMatch(/^\S+held\.db could not be restored \(EFBIG\): make room on its disk.*\n$/);
    expect(readdirSync(directory)).toEqual(before);
    const after = openDatabase(options);
    expect([after.origin, after.identity.instanceId]).toEqual(['created', identity.instanceId]);
    after.close();
  });

  // What was there is whole, and nothing half-made is beside it: a part of a report would be read as all of it.
  test.each([
    [
      'backtest --json',
      'x.json',
      (folder: string): string[] => [
        'backtest',
        '--data',
        inside('ten'),
        '--symbols',
        'BTC/USDT',
        '--json',
        join(folder, 'x.json'),
      ],
    ],
    [
      'backtest --report',
      'index.html',
      (folder: string): string[] => ['backtest', '--data', inside('ten'), '--symbols', 'BTC/USDT', '--report', folder],
    ],
    ['the report that the audit keeps', 'readiness-demo.json', (): string[] => ['audit']],
  ])('without room the file of the run before stays: %s', async (_, name, words) => {
    const folder = mkdtempSync(inside('old-'));
    writeFileSync(join(folder, name), 'of the run before');
    // The audit's database is beside its report only where that is what is tried.
    const database = name === 'readiness-demo.json' ? join(folder, 'demo.db') : inside('demo.db');
    const { code, output } = await runWithoutRoom(4, database, ...words(folder));
    expect(output).toMatch(/can't be written \(EFBIG\): the disk is full or fails; make room\n$/);
    expect(code).toBe(name === 'readiness-demo.json' ? 3 : 1);
    expect(readdirSync(folder)).toEqual([name]);
    expect(readFileSync(join(folder, name), 'utf8')).toBe('of the run before');
  });

  test('a model that was trained and has no room is one line, and the one that is there stays', {
    timeout: 240_000,
  }, async () => {
    // A program of its own: its models are beside it.
    const program = inside('program');
    for (const part of ['src', 'package.json']) cpSync(join(ROOT, part), join(program, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(program, 'node_modules'));
    mkdirSync(join(program, 'models', 'demo'), { recursive: true });
    writeFileSync(join(program, 'models', 'demo', 'model.onnx'), 'of the run before');
    const { code, output } = await limited(
      4,
      { DATABASE_PATH: inside('demo.db') },
      join(program, 'src', 'cli', 'guardian.ts'),
      'train',
      '--demo',
    );
    expect(output).toMatch(/models can't be written \(EFBIG\): the disk is full or fails; make room\n$/);
    expect(output).not.toMatch(/^ {4}at /m);
    expect(code).toBe(1);
    expect(readdirSync(join(program, 'models', 'demo'))).toEqual(['model.onnx']);
    expect(readFileSync(join(program, 'models', 'demo', 'model.onnx'), 'utf8')).toBe('of the run before');
  });

  test('download --export', async () => {
    const store = inside('candles.db');
    expect(
      (
        await run(
          'download',
          '--symbols',
          'btc/usdt',
          '--import',
          join(inside('ten'), 'BTCUSDT-1h.csv'),
          '--store',
          store,
        )
      ).code,
    ).toBe(0);
    const { code, output } = await run(
      'download',
      '--symbols',
      'BTC/USDT',
      '--export',
      join(inside('file'), 'x.csv'),
      '--store',
      store,
    );
    expect(output).toMatch(/file\/x\.csv can't be written \(ENOTDIR\)/);
    expect(output).not.toMatch(/^ {4}at /m);
    expect(code).toBe(2);
  });

  test('a folder where the file should be: what was to take its place is not left beside it', async () => {
    const folder = inside('folder.parquet');
    mkdirSync(folder);
    const { code, output } = await run('features', '--data', inside('ten'), '--output', folder);
    expect(output).toMatch(/folder\.parquet can't be written \(EISDIR\)/);
    expect(code).toBe(2);
    rmSync(folder, { recursive: true });
    expect(readdirSync(directory).filter((name) => name.includes('folder'))).toEqual([]);
  });
});

describe('what would be left aside, or is nonsense, is refused', () => {
  test.each([
    [
      'two directions at once',
      (): string[] => ['download', '--symbols', 'BTC/USDT', '--import', 'a.csv', '--export', 'b.csv'],
      '--import and --export are opposite ways',
    ],
    [
      'a report in no folder: its files would be strewn about the one that one is in',
      (): string[] => ['backtest', '--data', inside('ten'), '--report', ''],
      '--report <folder> is empty',
    ],
    [
      'a table without a name',
      (): string[] => ['features', '--data', inside('ten'), '--output', ' '],
      '--output <file> is empty',
    ],
    [
      'a day beside a file',
      (): string[] => ['download', '--symbols', 'BTC/USDT', '--import', 'a.csv', '--from', '2024-01-01'],
      '--from is for what is fetched',
    ],
    [
      'a day that no calendar has',
      (): string[] => ['download', '--from', '2024-02-30'],
      '--from 2024-02-30 is not a date',
    ],
    [
      'a day that is still to come: the exchange has nothing since then, and said so as of one that it does not list',
      (): string[] => ['download', '--from', '2999-01-01'],
      '--from 2999-01-01 is still to come',
    ],
    [
      'a market that is none',
      (): string[] => ['download', '--symbols', 'BTC'],
      '"BTC" is not a market such as BTC/USDT',
    ],
    [
      'another place for the demo model: the one that is there would be overwritten',
      (): string[] => ['train', '--demo', '--output', inside('elsewhere')],
      '--demo makes models/demo',
    ],
    [
      'training on six columns: every row would be left out',
      (): string[] => ['train', '--data', inside('six')],
      'the candles of BTC/USDT have only six columns; the features need all ten',
    ],
    [
      'an export out of a store that is not there',
      (): string[] => ['download', '--symbols', 'BTC/USDT', '--export', inside('out.csv')],
      'other.db does not exist, so there are no candles to export',
    ],
    [
      'an export to a format that is not written',
      (): string[] => ['download', '--symbols', 'BTC/USDT', '--export', inside('out.xls')],
      'out.xls is no name of a CSV or Parquet file; it should end in .csv, .csv.gz or .parquet',
    ],
    [
      'candles of six columns to be kept',
      (): string[] => ['download', '--symbols', 'BTC/USDT', '--import', join(inside('six'), 'BTCUSDT-1h.csv')],
      'BTCUSDT-1h.csv have only six columns; the features need all ten',
    ],
    [
      'features of six columns: a table without rows would take the place of a good one',
      (): string[] => ['features', '--data', inside('six')],
      'six columns',
    ],
    [
      'features of fewer candles than the first hour needs, for the same reason',
      (): string[] => ['features', '--data', inside('few')],
      'the features of BTC/USDT are known for no hour: before the first they need 960 candles of it, without a hole of more than 48 hours; it has 959. Nothing was written',
    ],
    [
      'a backtest in which no hour can be decided: its figures would look like those of a model that saw no opportunity',
      (): string[] => ['backtest', '--data', inside('few'), '--symbols', 'BTC/USDT', '--report', inside('report')],
      'the features of BTC/USDT are known for no hour',
    ],
    [
      'a part of the candles that no hour can be decided in',
      (): string[] => ['backtest', '--data', inside('ten'), '--symbols', 'BTC/USDT', '--to', '2024-02-01'],
      'from 2024-01-01T00h to 2024-02-01T00h the features of BTC/USDT are known for no hour',
    ],
    [
      'training on some weeks: there would be nothing to judge the model by',
      (): string[] => ['train', '--data', inside('ten')],
      'the candles of BTC/USDT are from 2024-01-01 to 2024-02-19; training needs them from 2018-07-01 or earlier to 2022-07-01 or later',
    ],
  ])('%s', async (_, words, message) => {
    const { code, output } = await run(
      ...words(),
      ...(words()[0] === 'download' ? ['--store', inside('other.db')] : []),
    );
    expect(output).toContain(message);
    expect(output).not.toMatch(/^ {4}at /m);
    expect(code).toBe(2);
  });

  test('nothing of these was written', () => {
    expect(readdirSync(directory).filter((name) => /parquet|report|other|out\.|html|^\s/.test(name))).toEqual([]);
  });
});

test('a model that answers with what is no probability in the middle of a backtest: one line with the value', async () => {
  // Zero and unknown are answered well, which is all that is asked when a model is loaded.
  const tree = {
    feature: Int32Array.of(0, -1, -1),
    threshold: Float32Array.of(0, 0, 0),
    left: Int32Array.of(1, 0, 0),
    right: Int32Array.of(2, 0, 0),
    missingLeft: Uint8Array.of(1, 0, 0),
    value: Float32Array.of(0, 0, Number.NaN),
  };
  const metadata = {
    name: 'odd',
    purpose: 'fixture',
    schemaHash: FEATURE_SCHEMA_HASH,
    stop: 0.015,
    target: 0.03,
    horizonHours: 24,
    margin: 0.001,
    demonstratedEdge: false,
  } as const;
  mkdirSync(inside('odd'));
  writeFileSync(
    join(inside('odd'), 'model.onnx'),
    encodeModel({ featureCount: FEATURE_COUNT, base: 0, trees: [tree], calibration: NO_CALIBRATION }, metadata),
  );
  const { code, output } = await run('backtest', '--model', inside('odd'));
  expect(output).toMatch(/^model .*odd\/model\.onnx answers NaN, which is not a probability from 0 to 1/m);
  expect(output).not.toMatch(/^ {4}at /m);
  expect(code).toBe(2);
});

test('the candles that .env names are those of features, too, as they are those of backtest', async () => {
  const home = inside('home');
  mkdirSync(home);
  writeFileSync(join(home, '.env'), `MARKET_DATA_DIR=${inside('ten')}\n`, { mode: 0o600 });
  const { code, output } = await runGuardian(['features', '--output', inside('x.parquet')], {}, home);
  expect(output).toMatch(/x\.parquet: \d+ rows of \d+ features for BTC\/USDT/);
  expect(code).toBe(0);
});
