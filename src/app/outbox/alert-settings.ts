import type { Alert, AlertKind } from '../../core/engine/alert.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';
import type { AlertMode, AlertSettingsView } from '../../ports/operator-tools.ts';

/** Every kind, in the order in which people are shown them. */
export const ALERT_KINDS = [
  'lock',
  'unlock',
  'fill',
  'stop',
  'drawdown',
  'data',
  'order-failure',
  'reconciliation',
  'deposit',
  'lifecycle',
  'model',
  'report',
  'security',
] as const satisfies readonly AlertKind[];

/**
 * What operators hear of, and how loud. Kept across restarts. Locks are never
 * off and never muted: whatever is stored, they ring.
 */
export interface AlertSettings {
  view(): AlertSettingsView;
  /** Until now + span (wall); zero ends it. */
  mute(span: Milliseconds): void;
  /** @throws RangeError for a lock that should be anything but on. */
  set(kind: AlertKind, mode: AlertMode): void;
  /** For the outbox. */
  volume(alert: Alert): AlertMode;
}

/** Of the news that somebody has changed how loud alerts come; the id of who did follows. */
export const SETTING_PREFIX = 'alerts-set:';

/** Whatever is set or muted: locks, and that something was set or muted. */
export const alwaysRings = ({ kind, key }: Pick<Alert, 'kind' | 'key'>): boolean =>
  kind === 'lock' || key.startsWith(SETTING_PREFIX);

const KEY = 'alerts/settings';

interface Stored {
  readonly mutedUntil: EpochMs | null;
  readonly modes: Partial<Record<AlertKind, AlertMode>>;
}

const MODES: readonly unknown[] = ['on', 'silent', 'off'] satisfies AlertMode[];

/** What cannot be read counts as all on: an alert too many is better than one too few. */
const recall = (memory: ChatMemory): Stored => {
  try {
    const { mutedUntil, modes } = JSON.parse(memory.get(KEY) ?? '{}') as Partial<Stored>;
    const sound = Object.entries(modes ?? {}).filter(([, mode]) => MODES.includes(mode));
    return { mutedUntil: typeof mutedUntil === 'number' ? mutedUntil : null, modes: Object.fromEntries(sound) };
  } catch {
    return { mutedUntil: null, modes: {} };
  }
};

export const createAlertSettings = (memory: ChatMemory, wallNow: () => EpochMs): AlertSettings => {
  let stored = recall(memory);
  const save = (next: Stored): void => {
    memory.set(KEY, JSON.stringify(next));
    stored = next;
  };
  const modeOf = (kind: AlertKind): AlertMode => (kind === 'lock' ? 'on' : (stored.modes[kind] ?? 'on'));
  const isMuted = (): boolean => stored.mutedUntil !== null && wallNow() < stored.mutedUntil;
  return {
    view: () => ({
      mutedUntil: isMuted() ? stored.mutedUntil : null,
      modes: Object.fromEntries(ALERT_KINDS.map((kind) => [kind, modeOf(kind)])) as Record<AlertKind, AlertMode>,
    }),
    mute: (span) => save({ ...stored, mutedUntil: span > 0 ? wallNow() + span : null }),
    set: (kind, mode) => {
      if (kind === 'lock' && mode !== 'on') throw new RangeError('lock alerts are always on');
      save({ ...stored, modes: { ...stored.modes, [kind]: mode } });
    },
    volume: (alert) => {
      if (alwaysRings(alert)) return 'on';
      const mode = modeOf(alert.kind);
      return mode === 'on' && isMuted() ? 'silent' : mode;
    },
  };
};
