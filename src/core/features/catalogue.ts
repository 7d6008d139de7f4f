import { asciiBytes, sha256Hex } from './sha256.ts';
import { ACTIVITY_FEATURES } from './catalogue-activity.ts';
import { CONTEXT_FEATURES } from './catalogue-context.ts';
import { PRICE_FEATURES } from './catalogue-price.ts';
import { VOLATILITY_FEATURES } from './catalogue-volatility.ts';
import type { FeatureDefinition } from './feature.ts';
import { LONGEST_GAP_HOURS, WARM_UP_HOURS } from './symbol-state.ts';

/**
 * Raised by hand whenever a formula gives other values under the same name.
 * A test pins the values of a fixed series to this number, so that forgetting is noticed.
 */
export const FEATURE_CODE_VERSION = 2;

/** Whose state is a feature of every symbol. */
export const CONTEXT_SYMBOL = 'BTC/USDT';

/**
 * The catalogue: the order here is the order in every vector, file and model. Append or bump; never reorder in silence.
 */
export const FEATURES: readonly FeatureDefinition[] = [
  ...PRICE_FEATURES,
  ...VOLATILITY_FEATURES,
  ...ACTIVITY_FEATURES,
  ...CONTEXT_FEATURES,
];

export const FEATURE_NAMES: readonly string[] = FEATURES.map((feature) => feature.name);
export const FEATURE_COUNT = FEATURES.length;

/**
 * SHA-256 over the ordered names and units, the parameters and the code version:
 * what a model was trained on. Lower-case hexadecimal.
 */
export const FEATURE_SCHEMA_HASH: string = sha256Hex(
  asciiBytes(
    JSON.stringify({
      codeVersion: FEATURE_CODE_VERSION,
      timeframe: '1h',
      context: CONTEXT_SYMBOL,
      warmUpHours: WARM_UP_HOURS,
      longestGapHours: LONGEST_GAP_HOURS,
      features: FEATURES.map((feature) => [feature.name, feature.unit]),
    }),
  ),
);
