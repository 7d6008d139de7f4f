/**
 * What the Guardian did in the recorded crashes, as Markdown. Usage: npm run bench -- crash-report DIR (or
 * MARKET_DATA_DIR); without recordings, the generated ones.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, utcDayStart } from '../src/core/units.ts';
import { generatedCrash, recordedCrash } from '../tests/integration/crash-data.test-helper.ts';
import { crashTable, replayCrash, withWinner } from '../tests/integration/crash-replay.test-helper.ts';

const directory = process.argv[2] ?? process.env['MARKET_DATA_DIR'];
const recorded = ['20210519', '20240805'].map((day) => recordedCrash(directory, day)).filter((data) => data !== null);
const crashes = recorded.length > 0 ? recorded : [generatedCrash(1)];
const reports = crashes.flatMap((data) => {
  const begin = utcDayStart(data.symbols[0]?.minutes[0]?.[0] ?? 0);
  return [
    replayCrash(data, { enterAt: begin + DAY_MS + HOUR_MS + MINUTE_MS, takeProfit: 0.06 }),
    replayCrash(withWinner(data, 0.035), { enterAt: begin + 2 * HOUR_MS + MINUTE_MS, takeProfit: 0.12 }),
  ];
});
console.log(crashTable(reports));
