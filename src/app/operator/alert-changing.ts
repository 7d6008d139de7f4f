import type { Alert, AlertKind } from '../../core/engine/alert.ts';
import { span as inWords } from '../../core/words.ts';
import type { Caller, CommandOutcome } from '../../ports/operator.ts';
import type { AlertMode, OperatorTools } from '../../ports/operator-tools.ts';
import { SETTING_PREFIX, type AlertSettings } from '../outbox/alert-settings.ts';
import { signature } from './operator-service.ts';
import type { Now } from './views.ts';

export interface AlertChangingOptions {
  readonly settings: AlertSettings;
  readonly now: () => Now;
  /** Puts an alert into the outbox. */
  readonly tell: (alert: Alert) => void;
}

const SOUNDS: Readonly<Record<AlertMode, string>> = {
  on: '🔔 Alerts of kind KIND are on again',
  silent: '🔕 Alerts of kind KIND come without sound',
  off: '🔕 Alerts of kind KIND are off',
};

const done = (text: string): CommandOutcome => ({ ok: true, code: 'done', text });

/**
 * How loud alerts come is one setting for everybody who gets them: whoever changes it changes it for the others, who
 * are told.
 */
export const createAlertChanging = ({
  settings,
  now,
  tell,
}: AlertChangingOptions): Pick<OperatorTools, 'alertSettings' | 'mute' | 'setAlertMode'> => {
  /**
   * Before the deed: what makes the bot quieter is on its way to the others, or it is not done. In the caller's own
   * chat the reply says it.
   */
  const announce = (caller: Caller, title: string): void => {
    const { market, wall } = now();
    tell({
      kind: 'security',
      key: `${SETTING_PREFIX}${caller.userId}:${wall}:${title}`,
      title,
      lines: [
        `by ${signature(caller)}, for everybody who gets alerts. Locks always ring.`,
        '/alerts shows how loud each kind is.',
      ],
      commands: [],
      symbol: null,
      at: market,
    });
  };

  const mute = (caller: Caller, span: number): CommandOutcome => {
    if (span > 0) announce(caller, `🔕 Alerts come without sound for ${inWords(span)}`);
    else if (settings.view().mutedUntil !== null) announce(caller, '🔔 Alerts ring again');
    settings.mute(span);
    return done(
      span > 0 ? 'Alerts come without sound, for everybody who gets them. Locks always ring.' : 'Alerts ring again.',
    );
  };

  const setMode = (caller: Caller, kind: AlertKind, mode: AlertMode): CommandOutcome => {
    if (kind === 'lock' && mode !== 'on') return { ok: false, code: 'refused', text: 'Locks always ring.' };
    if (settings.view().modes[kind] !== mode) announce(caller, SOUNDS[mode].replace('KIND', kind));
    settings.set(kind, mode);
    return done(`${kind}: ${mode}, for everybody who gets alerts.`);
  };

  return {
    alertSettings: () => settings.view(),
    mute: async (caller, span) => mute(caller, span),
    setAlertMode: async (caller, kind, mode) => setMode(caller, kind, mode),
  };
};
