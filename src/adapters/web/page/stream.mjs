// The live board: one look at everything, then a stream of what is new. Where the line breaks the browser
// sends the name of the last row that it has, and the stream goes on from there, even after a restart of the bot.
import { getJson } from './dom.mjs';

/** Newest rows of each kind that the page keeps: it has to stay as small after a month as after an hour. */
const KEPT = 60;
/**
 * A board comes every second. After this long without one the line is dead, though nothing may have broken it: behind a
 * tunnel whose other end is gone the browser waits for hours, and what it shows would pass for the present.
 */
const SILENCE = 10_000;
/** Before the next question after one that failed. */
const PAUSE = 2_000;
/**
 * Between two looks of a page that is out of sight. A browser makes six connections to one place, for all its tabs
 * together, and a page that listens holds one: tabs that nobody sees would keep the others from all that they ask.
 */
const LOOK = 5_000;
const KINDS = ['decisions', 'fills', 'trades', 'orders', 'alerts', 'locks', 'equity', 'candles'];
const keyOf = (kind, row) =>
  kind === 'orders' ? row.id : kind === 'decisions' ? `${row.symbol} ${row.openTime}` : null;

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
  let question = null;
  let timer = 0;
  /** The newest row that the page has, by its name. */
  let place = '';
  /** Out of sight, and between two looks. */
  let resting = false;
  let live = false;
  let heardAt = 0;

  const tell = (on) => {
    live = on;
    onLine(on);
  };
  const later = (act, span) => {
    clearTimeout(timer);
    timer = setTimeout(act, span);
  };
  const heard = () => {
    heardAt = Date.now();
    later(silent, SILENCE);
  };
  const silent = () => {
    tell(false);
    begin();
  };
  /** A machine that sleeps counts no time: its clock alone tells that what is shown is as old as the sleep was long. */
  const overslept = () => live && Date.now() - heardAt > SILENCE;
  const take = (news) => {
    for (const kind of Object.keys(news)) rows[kind] = merge(kind, rows[kind], news[kind]);
    onRows(rows, news);
  };
  const begin = async () => {
    source?.close();
    source = null;
    resting = false;
    // A question that hangs holds one of the few connections that a browser makes to one place.
    question?.abort();
    const mine = new AbortController();
    question = mine;
    heard();
    try {
      const first = await getJson('/api/board', mine.signal);
      if (question !== mine) return;
      rows = Object.fromEntries(KINDS.map((kind) => [kind, (first.rows[kind] ?? []).slice(-KEPT)]));
      onStart(first);
      onRows(rows, {});
      onBoard(first.board);
      listen(first.cursor);
    } catch {
      if (question !== mine) return;
      tell(false);
      later(begin, PAUSE);
    }
  };
  const rest = () => {
    source?.close();
    source = null;
    resting = true;
    later(() => listen(place), LOOK);
  };
  const listen = (cursor) => {
    const opened = new EventSource(`/api/stream?after=${encodeURIComponent(cursor)}`);
    source = opened;
    place = cursor;
    resting = false;
    heard();
    opened.addEventListener('open', () => tell(true));
    opened.addEventListener('error', () => {
      tell(false);
      if (source !== opened) return;
      // A refusal ends the source for good. A broken line does not: the browser tries again and goes on from the last
      // row it has, and each try that fails is heard of.
      if (opened.readyState === EventSource.CLOSED) later(begin, PAUSE);
      else heard();
    });
    const on = (name, act) =>
      opened.addEventListener(name, (event) => {
        heard();
        if (event.lastEventId !== '') place = event.lastEventId;
        act(event);
      });
    // Rows come before the board that goes with them: whoever has the board has all.
    on('board', (event) => {
      onBoard(JSON.parse(event.data));
      if (document.hidden) rest();
    });
    on('rows', (event) => take(JSON.parse(event.data)));
    on('reset', begin);
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || !resting) return;
    // The tabs that nobody sees look in more and more seldom: what they show may be a minute old.
    if (overslept()) tell(false);
    listen(place);
  });
  setInterval(() => {
    if (!resting && overslept()) silent();
  }, 1_000);
  return begin();
};
