// Points of the equity curve as the page keeps them: pure, for the chart to draw.

/** The curve with points that came after it. Money from outside moves the mark of the drawdown and is no result. */
export const continued = ({ points, peak }, lines) => {
  let mark = peak;
  const more = [];
  for (const { at, equity, exposure, deposited } of lines) {
    if (at <= ((more.at(-1) ?? points.at(-1))?.at ?? 0)) continue;
    mark = Math.max(0, mark + deposited, equity);
    more.push({ at, equity, exposure, deposited, drawdown: mark > 0 ? Math.max(0, 1 - equity / mark) : 0 });
  }
  return { points: [...points, ...more], peak: mark, more };
};

/** The curve from a moment on, its drawdowns from the peaks within; null when nothing falls out of it. */
export const within = ({ points }, from) => {
  const [first, ...rest] = points.filter(({ at }) => at >= from);
  if (first === undefined) return points.length === 0 ? null : { points: [], peak: 0 };
  if (rest.length + 1 === points.length) return null;
  // What came from outside before its first point is part of that.
  const start = { ...first, deposited: 0, drawdown: 0 };
  const { points: kept, peak } = continued({ points: [start], peak: start.equity }, rest);
  return { points: kept, peak };
};

/** What a curve amounts to; null without a point. */
export const summary = (points) => {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return null;
  const deposits = points.slice(1).reduce((sum, { deposited }) => sum + deposited, 0);
  return {
    first,
    last,
    deposits,
    result: last.equity - first.equity - deposits,
    worst: Math.max(...points.map(({ drawdown }) => drawdown)),
  };
};
