const DAY = 86_400_000;

/** Labels for a time axis: hours when it spans less than three days, else days. */
export const axisLabel = (zone: string, span: number): ((at: number) => string) => {
  const format =
    span < 3 * DAY
      ? new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', month: 'short' })
      : new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', month: 'short' });
  return (at) => format.format(at).replace('Sept', 'Sep').replace(',', '');
};
