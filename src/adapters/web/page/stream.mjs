// The live board: one look at everything, then a stream of what is new. Where the line breaks the browser
// sends the name of the last row that it has, and the stream goes on from there, even after a restart of the bot.
import { getJson } from './dom.mjs';

/** Newest rows of each kind that the page keeps: it has to stay as small after a month as after an hour. */
const KEPT = 60;
const KINDS = ['decisions', 'fills', 'trades', 'orders', 'alerts', 'locks', 'equity', 'candles'];
const keyOf = (kind, row) => (kind === 'orders' ? row.id : kind === 'decisions' ? `${row.symbol} ${row.openTime}` : null);

const merge = (kind, old, news) => {
  const replaced = new Set(news.map((row) => keyOf(kind, row)).filter((key) => key !== null));
  const kept = replaced.size === 0 ? old : old.filter((row) => !replaced.has(keyOf(kind, row)));
  return [...kept, ...news].slice(-KEPT);
};

/**
 * `onBoard(board)` with every view; `onRows(rows, news)` with all rows kept and those that just came;
 * `onStart(first)` when everything is begun anew; `onLine(on)` as the line comes and goes.
 */
export const followBoard = ({ onStart, onBoard, onRows, onLine }) => {
  let rows = Object.fromEntries(KINDS.map((kind) => [kind, []]));
  let source = null;

  const take = (news) => {
    for (const kind of Object.keys(news)) rows[kind] = merge(kind, rows[kind], news[kind]);
    onRows(rows, news);
  };
  const begin = async () => {
    source?.close();
    source = null;
    try {
      const first = await getJson('/api/board');
      rows = Object.fromEntries(KINDS.map((kind) => [kind, (first.rows[kind] ?? []).slice(-KEPT)]));
      onStart(first);
      onRows(rows, {});
      onBoard(first.board);
      listen(first.cursor);
    } catch {
      onLine(false);
      setTimeout(begin, 2_000);
    }
  };
  const listen = (cursor) => {
    source = new EventSource(`/api/stream?after=${encodeURIComponent(cursor)}`);
    source.addEventListener('open', () => onLine(true));
    source.addEventListener('error', () => {
      onLine(false);
      // A refusal ends the source for good; a broken line does not.
      if (source?.readyState === EventSource.CLOSED) setTimeout(begin, 2_000);
    });
    source.addEventListener('board', (event) => onBoard(JSON.parse(event.data)));
    source.addEventListener('rows', (event) => take(JSON.parse(event.data)));
    source.addEventListener('reset', begin);
  };
  return begin();
};
