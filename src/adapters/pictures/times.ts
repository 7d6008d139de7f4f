const DAY = 86_400_000;

/** Labels for a time axis: hours when it spans less than three days, with the day at its midnight; else days. */
export const axisLabel = (zone: string, span: number): ((at: number) => string) => {
  const days = new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', month: 'short' });
  const day = (at: number): string => days.format(at).replace('Sept', 'Sep');
  if (span >= 3 * DAY) return day;
  const hours = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => {
    const hour = hours.format(at);
    return hour === '00:00' ? day(at) : hour;
  };
};

/** Milliseconds by which the clocks of a zone are ahead of UTC at a moment. */
export const offsetIn = (zone: string): ((at: number) => number) => {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  });
  return (at) => {
    const fields = new Map(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const field = (type: Intl.DateTimeFormatPartTypes): number => fields.get(type) ?? 0;
    const shown = Date.UTC(
      field('year'),
      field('month') - 1,
      field('day'),
      field('hour'),
      field('minute'),
      field('second'),
    );
    return shown - Math.floor(at / 1000) * 1000;
  };
};
