/**
 * Who may look at whom. The plan is in docs/ARCHITECTURE.md; every rule here is proved
 * by a fixture under tests/architecture/fixtures/directions that it must refuse.
 */

/** Test code may use what it tests against: the simulator, shared helpers, development packages. */
const TESTS = '\\.(test|test-helper|fixture)\\.ts$|^tests/';

/** Each package has one home; nobody else imports it, types included. */
const HOMES = {
  ccxt: '^src/adapters/exchange/',
  grammy: '^src/adapters/telegram/',
  '@grammyjs/auto-retry': '^src/adapters/telegram/',
  '@grammyjs/parse-mode': '^src/adapters/telegram/',
  '@napi-rs/canvas': '^src/adapters/pictures/',
  'better-sqlite3': '^src/adapters/sqlite/',
  'prom-client': '^src/adapters/metrics/',
  'onnxruntime-node': '^src/adapters/onnx/',
  hono: '^src/adapters/web/',
  '@hono/node-server': '^src/adapters/web/',
  hyparquet: '^src/adapters/candles/',
  'hyparquet-writer': '^src/adapters/candles/',
  pino: '^src/adapters/system/',
  'pino-pretty': '^src/adapters/system/',
  dotenv: '^src/adapters/system/',
  'node-cron': '^src/adapters/system/',
  // The one schema language for whatever comes from outside; the inner rooms get typed values.
  zod: '^src/(adapters|cli)/',
  commander: '^src/cli/',
};

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const packagePath = (name) => `(^|/)node_modules/(@types/)?${escaped(name)}(/|$)`;

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** A room that may import these and nothing else of ours. */
const room = (name, path, allowed) =>
  rule(
    `${name}-directions`,
    `${name} may import ${allowed.join(', ')} only`,
    { path, pathNot: TESTS },
    { path: '^(src|commands|tests|bench)/', pathNot: allowed.map((target) => `^${target}/`) },
  );

const BUILT_INS = { dependencyTypes: ['core'] };

export default {
  forbidden: [
    room('core', '^src/core/', ['src/core']),
    room('ports', '^src/ports/', ['src/ports', 'src/core']),
    room('app', '^src/app/', ['src/app', 'src/ports', 'src/core']),
    room('sim', '^src/sim/', ['src/sim', 'src/ports', 'src/core']),
    room('research', '^src/research/', ['src/research', 'src/sim', 'src/ports', 'src/core']),
    room('audit', '^src/audit/', ['src/audit', 'src/ports', 'src/core']),
    room('commands', '^commands/', ['commands', 'src/ports', 'src/core']),
    rule(
      'adapter-directions',
      'an adapter may import itself, ports and core only; never another adapter',
      { path: '^src/adapters/([^/]+)/', pathNot: TESTS },
      { path: '^(src|commands|tests|bench)/', pathNot: ['^src/adapters/$1/', '^src/ports/', '^src/core/'] },
    ),
    rule(
      'adapter-tests-stay-home',
      "an adapter's tests may use the simulator too, never another adapter",
      { path: '^src/adapters/([^/]+)/.*\\.(test|test-helper|fixture)\\.ts$' },
      { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    ),
    rule('nothing-imports-cli', 'cli is the top: nothing imports it', { pathNot: '^src/cli/' }, { path: '^src/cli/' }),
    rule(
      'nothing-imports-tests',
      'the product never needs its tests',
      { path: '^(src|commands)/', pathNot: TESTS },
      { path: '^tests/|\\.(test|test-helper|fixture)\\.ts$' },
    ),
    rule(
      'ports-are-types',
      'ports are interfaces: they take nothing but types from core',
      { path: '^src/ports/', pathNot: TESTS },
      { path: '^src/core/', dependencyTypesNot: ['type-only'] },
    ),

    rule(
      'guardian-is-blind',
      'the Guardian never sees why a trade is wanted',
      { path: '^src/core/guardian/', pathNot: TESTS },
      { path: '^src/core/(strategy|features)/' },
    ),
    rule(
      'simulator-books-alone',
      'the simulator keeps its own books, so that comparing them with the ledger means something',
      { path: '^src/sim/' },
      { path: '^src/core/ledger/' },
    ),

    rule(
      'core-is-pure',
      'core and ports have no I/O: no built-in module',
      { path: '^src/(core|ports)/', pathNot: TESTS },
      BUILT_INS,
    ),
    rule(
      'commands-are-pure',
      'a command asks the operator service and returns a reply: no I/O of its own',
      { path: '^commands/', pathNot: TESTS },
      BUILT_INS,
    ),
    ...Object.entries(HOMES).map(([name, home]) =>
      rule(
        `home-of-${name}`,
        `${name} is imported in its home only`,
        { path: '^(src|commands)/', pathNot: [home, TESTS] },
        { path: packagePath(name) },
      ),
    ),
    rule(
      'package-without-home',
      'every package of the product has a home in the table of this file',
      { path: '^(src|commands)/', pathNot: TESTS },
      { path: '(^|/)node_modules/', pathNot: Object.keys(HOMES).map(packagePath) },
    ),

    rule('no-cycles', 'a cycle has no order in which it can be understood', {}, { circular: true }),
    rule(
      'no-orphans',
      'a file that nothing imports and that imports nothing is dead',
      { orphan: true, path: '^(src|commands)/', pathNot: TESTS },
      {},
    ),
    // The page's own imports of /vendor are addresses, not paths: the server's tests ask for each.
    rule(
      'resolvable',
      'an import has to lead somewhere',
      { pathNot: '^src/adapters/web/page/' },
      { couldNotResolve: true },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^tests/architecture/fixtures/' },
    // Type imports count: a type is knowledge, too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      mainFields: ['types', 'module', 'main'],
    },
    progress: { type: 'none' },
  },
};
