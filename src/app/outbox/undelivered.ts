import type { Alert } from '../../core/engine/alert.ts';
import type { EpochMs } from '../../core/units.ts';
import { SETTING_PREFIX } from './alert-settings.ts';
import type { Parcel } from './parcels.ts';

/** What the other chats are told of one that could not be reached. */
const PARKED_PREFIX = 'parked:';
/** Of an alert whose text was refused: its own chat is open, and hears of it as well. */
const REFUSED_PREFIX = `${PARKED_PREFIX}text:`;

const report = (parcel: Parcel, key: string, title: string, lines: readonly string[], at: EpochMs): Alert => ({
  kind: 'security',
  key: `${key}:${parcel.rows[0]?.id ?? 0}`,
  title,
  lines,
  commands: [],
  symbol: null,
  at,
});

/** The words of one alert were refused; `at` is market time. */
export const refusedReport = (chatId: number, parcel: Parcel, why: string, at: EpochMs): Alert =>
  report(
    parcel,
    `${REFUSED_PREFIX}${chatId}`,
    `An alert could not be delivered to chat ${chatId}`,
    [why, `Not delivered: ${parcel.alert.title}`],
    at,
  );

/** The chat is closed to the bot; `at` is market time. */
export const closedReport = (chatId: number, parcel: Parcel, why: string, at: EpochMs): Alert =>
  report(
    parcel,
    `${PARKED_PREFIX}${chatId}`,
    `Alerts cannot be delivered to chat ${chatId}`,
    [
      why,
      `Not delivered: ${parcel.alert.title}`,
      'They come when this person sends /start to the bot or unblocks it, or when the bot is back in the group.',
    ],
    at,
  );

/** A blocked chat must not fill the others: of such a report nothing is reported. */
export const isReport = ({ key }: Alert): boolean => key.startsWith(PARKED_PREFIX);

/** What this very chat knows: that it could not be reached, or what its own person has just set. */
export const isOwnNews = (chatId: number, { key }: Alert): boolean =>
  [PARKED_PREFIX, SETTING_PREFIX].some((prefix) => key.startsWith(`${prefix}${chatId}:`));
