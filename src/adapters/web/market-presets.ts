/** What a visitor of the demo may do to the simulated exchange: these, with these values, and nothing else. */
export interface MarketPreset {
  readonly id: string;
  readonly group: 'Network' | 'Orders' | 'Market' | 'Account';
  readonly title: string;
  /** What happens. */
  readonly what: string;
  /** What to watch. */
  readonly watch: string;
  /**
   * Wall seconds that it lasts at least, however fast the market goes: some of the bot's patience is measured by
   * people's clocks.
   */
  readonly seconds?: number;
  readonly wish:
    | { readonly kind: 'fault'; readonly body: Readonly<Record<string, string | number | boolean>> }
    | { readonly kind: 'jump'; readonly fraction: number };
}

const fault = (
  id: string,
  group: MarketPreset['group'],
  title: string,
  what: string,
  watch: string,
  body: { readonly name: string } & Readonly<Record<string, string | number | boolean>>,
  seconds?: number,
): MarketPreset => ({
  id,
  group,
  title,
  what,
  watch,
  ...(seconds === undefined ? {} : { seconds }),
  wish: { kind: 'fault', body },
});

const jump = (id: string, title: string, what: string, watch: string, fraction: number): MarketPreset => ({
  id,
  group: 'Market',
  title,
  what,
  watch,
  wish: { kind: 'jump', fraction },
});

/** Faults end by themselves: a visitor who walks away leaves no broken exchange. A market hour has four steps. */
export const MARKET_PRESETS: readonly MarketPreset[] = [
  jump(
    'crash',
    'Crash, 4 % down',
    'Every price falls by 4 % at once.',
    'Stops fire below their trigger; the daily drawdown may lock and flatten.',
    -0.04,
  ),
  jump(
    'slump',
    'Slump, 2 % down',
    'Every price falls by 2 % at once.',
    'Open positions leave through their stops; losses in a row count up.',
    -0.02,
  ),
  jump(
    'rally',
    'Rally, 3.5 % up',
    'Every price rises by 3.5 % at once.',
    'Open positions reach their target: stop cancelled, then sold.',
    0.035,
  ),
  fault(
    'gap',
    'Market',
    'Gap through a stop',
    'The price gaps 1 % below the next protective stop.',
    'The loss is larger than planned, and still within the day’s budget.',
    { name: 'price-gap-through-stop', beyond: 0.01 },
  ),
  fault(
    'lost-answer',
    'Network',
    'Answer lost',
    'The next order is executed, then the line is cut before the answer.',
    'Outcome unknown: the bot looks it up and never buys twice.',
    { name: 'reset-after-acceptance' },
  ),
  fault(
    'no-line',
    'Network',
    'Line cut',
    'The next order is cut off before the exchange sees it.',
    'Looked up twice, found nowhere: it never existed.',
    { name: 'reset-before-acceptance' },
  ),
  fault(
    'error-503',
    'Network',
    'Error 503, yet booked',
    'The exchange answers “503” to an order that it has booked.',
    'An error answer is not believed: the order is looked up.',
    { name: '5xx', accepted: true },
  ),
  fault(
    'slow-down',
    'Network',
    'Slow down (429)',
    'The exchange says: too many requests, wait three seconds.',
    'The whole client waits as long as it is told.',
    { name: '429', retryAfter: 3 },
  ),
  fault(
    'maintenance',
    'Network',
    'Maintenance',
    'Every endpoint is down for two market hours, and some seconds at least.',
    'Data age rises; entries stop until prices are fresh again.',
    { name: 'maintenance', steps: 8 },
    6,
  ),
  fault(
    'stop-refused',
    'Orders',
    'Stop refused',
    'The next protective stop is refused after its entry was filled.',
    'Unprotected for seconds at most: tried again, else sold.',
    { name: 'stop-rejected' },
  ),
  fault(
    'half-filled',
    'Orders',
    'Half filled',
    'The next order is filled by half, then closed by the exchange.',
    'The stop covers exactly what was bought.',
    { name: 'partial-then-cancel' },
  ),
  fault(
    'stop-stuck',
    'Orders',
    'Stop stuck',
    'A stop triggers and is not filled for two market hours, and some seconds at least.',
    'After 5 s it is cancelled and the position sold at market.',
    { name: 'stop-triggered-unfilled', steps: 8 },
    12,
  ),
  fault(
    'stale',
    'Market',
    'Prices stand still',
    'Prices stand still for four market hours, and some seconds at least, while time goes on.',
    'The stale-data lock comes by itself, and leaves by itself.',
    { name: 'stale-prices', steps: 16 },
    8,
  ),
  fault(
    'wrong-balance',
    'Account',
    'Money missing',
    'The account shows 25 USDT less than it has, for four market hours.',
    'Ledger and exchange differ: halted until /reconcile and /unlock.',
    { name: 'wrong-balance', difference: -25, steps: 16 },
  ),
];
