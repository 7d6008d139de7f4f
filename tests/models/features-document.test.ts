import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  CONTEXT_SYMBOL,
  FEATURE_CODE_VERSION,
  FEATURE_COUNT,
  FEATURE_SCHEMA_HASH,
  FEATURES,
} from '../../src/core/features/catalogue.ts';
import { LONGEST_GAP_HOURS, WARM_UP_HOURS } from '../../src/core/features/symbol-state.ts';

const rows = FEATURES.map(
  (feature, i) =>
    `| ${i} | \`${feature.name}\` | ${feature.unit} | ${feature.warmUpHours} | ${feature.range[0]} to ${feature.range[1]} | ${feature.source.replaceAll('|', '\\|')} |`,
);

const document = `# The feature catalogue

This page is written from the code (\`src/core/features\`) and checked by a test: change the catalogue, then
run \`npx vitest run tests/models/features-document.test.ts -u\`.

${FEATURE_COUNT} features of closed hourly candles, in this order in every vector, Parquet file and model. Code version
${FEATURE_CODE_VERSION}, schema hash \`${FEATURE_SCHEMA_HASH}\`.

The schema hash is the SHA-256 over names, units, parameters and the code version. It goes into a model's
metadata; a model with another hash does not load ("retrain"). Whoever changes what a feature means raises the
code version; a test pins the values of a fixed series to it, so that forgetting is noticed.

## Rules

- **One code.** The live bot pushes candles one by one; history is the same engine fed from files. Work a candle
  is constant. Rolling sums are kept as whole numbers in fixed point, so adding and removing is exact: a
  value depends on the candles inside its window and not on where the series began. Batch, live and restarted
  engines agree to the last bit of the float32 vector.
- **Warm-up.** Nothing is known before ${WARM_UP_HOURS} candles of the symbol and of ${CONTEXT_SYMBOL}: one request for 1,000
  klines fills it. The warm-up of each feature below is when its own value stops depending on the start.
- **Closed candles only.** The forming candle never reaches the engine. Look-ahead is tested: features of
  every truncated history equal those of the full one, and a planted feature that peeks is flagged.
- **Gaps.** Windows count candles held, not hours: across a hole there is one return, the real one. A hole longer than
  ${LONGEST_GAP_HOURS} hours begins the warm-up again. Nothing is filled in.
- **Candles that say nothing.** A candle with volume zero (an outage), with a column missing or unsound is left out as
  if it had not come: there is no vector, hence no entry, for that hour.
- **Context.** Every symbol sees ${CONTEXT_SYMBOL} at the same hour. Without its candle for the hour there is no vector.
- **Not known** is NaN inside a vector (a share of nothing, a logarithm of nothing, a deviation of a window that does not
  vary); no value is infinite. Trees route it by what training showed; it is never replaced by zero.
- **Limits.** One freak hour must not rule a month, and sums in fixed point need a bound. So each term is cut before it is summed. With r the
  log return of a candle: r^2 and a product of two returns at 1/16 (a move of 25 %), r^3 at 1/8, |r| at 1; ln(high/low)^2 at 1/4. A share of such
  sums can leave its range then; \`correlation_168h\` is cut to -1 to 1. A relative range, (high - low) / close, counts as at least 1e-6.
- **Two symbols.** Products of both returns are summed over the 168 newest hours that both have, and there is no vector before there are so
  many; the squares of either over its own 168 newest candles. The two differ after an outage of one alone.
- Of equal highs or lows the newest has the age. The same hour of the 20 days before means the 20 candles before with that UTC hour.

Units: *log-ratio* is a natural logarithm of a ratio, *sigma* counts standard deviations, *fraction* 0.02 means two
percent, *index* runs to 100, *atr* counts average true ranges. Ranges hold by construction, or in all but freak markets.

## Features

| # | name | unit | warm-up, h | range | formula and source |
|---:|---|---|---:|---|---|
${rows.join('\n')}

## The Parquet file

\`npm run features -- --data DIR\` writes \`features_1H_advanced.parquet\`, readable by pandas and DuckDB: \`time\` (close of the
candle, when the decision is made), \`symbol\`, \`close\`, the features above as float32, and the labels: \`label\` (1 when the
target came before the stop within the horizon), \`outcome\` (target, stop or timeout), \`label_end\`, \`gross_return\` (before
costs, from the dearer entry) and \`weight\` (average uniqueness: the mean, over the candles of the trade, of one by the number of trades open in
it; those of hours without a vector count among them). Labels are null where the future is not known yet, and where the candle after the decision is missing:
a signal expires with its hour. A horizon that ends in a hole is left at the first open after it; \`label_end\` is that candle's close. Labels
take the candles with volume zero for prices. The file's metadata hold the schema hash and the barriers.
`;

it('the page on features says what the code says', async () => {
  await expect(document).toMatchFileSnapshot(join(import.meta.dirname, '../../docs/features.md'));
});
