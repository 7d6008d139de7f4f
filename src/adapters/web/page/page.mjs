// The page's start: the board, the charts once it is painted, and in the demo the market and the chat.
import { startDecisions, showDecisions } from './decisions.mjs';
import { startDialog } from './decision-dialog.mjs';
import { byId, say } from './dom.mjs';
import { showHero } from './hero.mjs';
import { showLimits } from './limits.mjs';
import { startMarket } from './market.mjs';
import { showModel } from './model.mjs';
import { showPositions } from './positions.mjs';
import { followBoard } from './stream.mjs';
import { askCommandsAgain, showTables, startTables } from './tables.mjs';
import { startTheme } from './theme.mjs';

const show = (view) => {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll('.tabs button'))
    button.setAttribute('aria-pressed', String(button.dataset.show === view));
  // What came while the chat was out of sight is read from its end.
  if (view === 'chat') byId('log').scrollTop = byId('log').scrollHeight;
};

startTheme();
startTables();
startDecisions();
startDialog();
for (const button of document.querySelectorAll('.tabs button'))
  button.addEventListener('click', () => show(button.dataset.show));

// The charts are most of the page's weight: figures do not wait for them.
const charts = Promise.all([import('./chart.mjs'), import('./equity.mjs')]);
let chart = null;
let equity = null;
charts.then(([first, second]) => {
  chart = first;
  equity = second;
});

const symbolsOf = ({ status }) => status.symbols.map(({ symbol }) => symbol);
let charted = [];
const begin = async (board) => {
  charted = symbolsOf(board);
  const [candles, curve] = await charts;
  if (charted.length > 0) await candles.startChart(charted);
  await curve.startEquity();
};

/**
 * What is shown while the line is broken was true then and may be no more: that has to be said, also of a tab of which
 * only its name is seen.
 */
const PATIENCE = 2_500;
/** With its day: the page may stand there over night. */
const moment = (at) =>
  `${at.toLocaleTimeString('en-GB')} on ${at.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' })}`;
let lineTimer = 0;
let shownAt = null;
/** Told when the line has been broken for that long, and when it is back. */
let chatLine = () => undefined;
const line = (on) => {
  byId('live').dataset.on = String(on);
  say(byId('live'), on ? 'live' : 'connecting');
  if (on) {
    clearTimeout(lineTimer);
    lineTimer = 0;
    byId('offline').hidden = true;
    if (document.body.dataset.line === 'off') chatLine(true);
    document.body.dataset.line = 'on';
  } else if (lineTimer === 0) {
    lineTimer = setTimeout(() => {
      document.body.dataset.line = 'off';
      say(
        byId('offline'),
        shownAt === null
          ? 'The bot does not answer.'
          : `The bot does not answer. What is shown is from ${moment(shownAt)}, on your clock.`,
      );
      byId('offline').hidden = false;
      document.title = 'No answer · Guardian Bot';
      chatLine(false);
    }, PATIENCE);
  }
};

followBoard({
  onStart: ({ board, commands }) => {
    showTables({}, {}, commands.toReversed());
    begin(board).catch(() => undefined);
  },
  onBoard: (board) => {
    shownAt = new Date();
    showHero(board);
    showLimits(board);
    showPositions(board);
    showModel(board);
    chart?.showChart(board);
    equity?.askEquityAgain();
    askCommandsAgain();
    // Before the engine's first start there are none, and a later one may bring others, behind a page that goes on.
    if (symbolsOf(board).join() !== charted.join()) begin(board).catch(() => undefined);
  },
  onRows: (rows, news) => {
    showDecisions(rows, news);
    showTables(rows, news);
    chart?.addToChart(news);
    equity?.addToEquity(news);
  },
  onLine: line,
});
startMarket().catch(() => undefined);

const chat = await fetch('/api/chat').then((answer) => (answer.ok ? answer.json() : null));
document.body.dataset.chat = chat === null ? 'none' : 'here';
if (chat !== null) {
  byId('side').hidden = false;
  const { startChat } = await import('./chat.mjs');
  chatLine = startChat(chat);
}
