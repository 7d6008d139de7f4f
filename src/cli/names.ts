import { createSystemClock } from '../adapters/system/clock.ts';
import { createNameLookUp } from '../adapters/system/name-look-up.ts';

/** The names of everybody this process talks to: one place, so that none that hangs keeps another waiting. */
export const lookUpName = createNameLookUp({ clock: createSystemClock() });

/** Of the webhook and the heartbeat, which nobody may wait for who trades. */
export const lookUpSideName = createNameLookUp({ clock: createSystemClock(), inTurn: true });
