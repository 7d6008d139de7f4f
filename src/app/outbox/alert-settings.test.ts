import { expect, test } from 'vitest';
import { ALERT_KINDS, createAlertSettings } from './alert-settings.ts';
import { alertOf, createFakeClock } from './fakes.test-helper.ts';

const createMemory = () => {
  const values = new Map<string, string>();
  return {
    get: (key: string) => values.get(key) ?? null,
    set: (key: string, value: string) => void values.set(key, value),
  };
};

test('a lock rings whatever is set, and whatever a tampered store says', () => {
  const clock = createFakeClock();
  const memory = createMemory();
  const settings = createAlertSettings(memory, () => clock.wallNow());
  expect(() => settings.set('lock', 'off')).toThrow('always on');
  expect(() => settings.set('lock', 'silent')).toThrow('always on');
  settings.mute(3_600_000);
  expect(settings.volume(alertOf('lock', 'a'))).toBe('on');
  memory.set('alerts/settings', JSON.stringify({ mutedUntil: null, modes: { lock: 'off' } }));
  expect(createAlertSettings(memory, () => clock.wallNow()).volume(alertOf('lock', 'a'))).toBe('on');
});

test('what cannot be read counts as all on', () => {
  const clock = createFakeClock();
  for (const text of ['not json', 'null', '{"mutedUntil":"x","modes":{"fill":"loud","data":7}}']) {
    const memory = createMemory();
    memory.set('alerts/settings', text);
    const settings = createAlertSettings(memory, () => clock.wallNow());
    expect(settings.volume(alertOf('fill', 'a'))).toBe('on');
    expect(settings.view().mutedUntil).toBeNull();
  }
});

test('mute silences for its span and survives a restart', async () => {
  const clock = createFakeClock();
  const memory = createMemory();
  createAlertSettings(memory, () => clock.wallNow()).mute(60_000);
  const settings = createAlertSettings(memory, () => clock.wallNow());
  expect(settings.volume(alertOf('fill', 'a'))).toBe('silent');
  await clock.advance(60_000);
  expect(settings.volume(alertOf('fill', 'a'))).toBe('on');
  expect(settings.view().mutedUntil).toBeNull();
  settings.mute(60_000);
  settings.mute(0);
  expect(settings.volume(alertOf('fill', 'a'))).toBe('on');
});

test('every kind can be set but locks, one by one', () => {
  const clock = createFakeClock();
  const settings = createAlertSettings(createMemory(), () => clock.wallNow());
  settings.set('data', 'off');
  settings.set('fill', 'silent');
  expect(settings.view().modes).toMatchObject({ lock: 'on', data: 'off', fill: 'silent', stop: 'on' });
  expect(Object.keys(settings.view().modes)).toEqual([...ALERT_KINDS]);
});
