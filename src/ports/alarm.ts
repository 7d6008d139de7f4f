/** Another way to reach people when Telegram is silent (ALERT_WEBHOOK_URL). */
export interface AlarmHook {
  /** Rejects when it did not get through. */
  call(text: string): Promise<void>;
}
