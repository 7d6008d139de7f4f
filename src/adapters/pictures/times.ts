const DAY = 86_400_000;

/** Labels for a time axis: hours when it spans less than three days, with the day at its midnight; else days. */
export const axisLabel = (zone: string, span: number): ((at: number) => string) => {
  const days = new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', month: 'short' });
  const day = (at: number): string => days.format(at).replace('Sept', 'Sep');
  if (span >= 3 * DAY) return day;
  const hours = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return (at) => {
    const hour = hours.format(at);
    return hour === '00:00' ? day(at) : hour;
  };
};
