// The chat: what the embedded Bot API server says happened, drawn as a phone would draw it.
const byId = (id) => document.getElementById(id);

const el = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

const TAGS = {
  bold: 'strong',
  italic: 'em',
  underline: 'u',
  strikethrough: 's',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
};
/** Kept in the page; older bubbles go. */
const MAX_BUBBLES = 300;

/** Whether it got there; where not, that is said. */
const post = async (verb, body) => {
  const answer = await fetch(`/api/chat/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => null);
  const sent = answer?.ok === true;
  if (!sent) toast('Not sent: the chat can’t be reached.');
  return sent;
};

const send = (text) => post('send', { text });

/** Plain text in which /commands can be clicked. */
const withCommands = (text) =>
  text.split(/(?<![\w/])(\/[a-z_]{2,32})\b/).map((part, index) => {
    if (index % 2 === 0) return document.createTextNode(part);
    const button = el('button', 'command', part);
    button.type = 'button';
    button.addEventListener('click', () => send(part));
    return button;
  });

/** Text with its entities as elements, built node by node: nothing is ever parsed as markup. */
const withEntities = (text, entities = []) => {
  const known = entities
    .filter(({ type }) => TAGS[type] !== undefined)
    .sort((left, right) => left.offset - right.offset);
  const nodes = [];
  let at = 0;
  for (const { type, offset, length } of known) {
    if (offset < at) continue;
    // A block has its own margins; the line breaks around it would double them.
    const before = text.slice(at, offset);
    nodes.push(...withCommands(type === 'pre' ? before.replace(/\n+$/, '') : before));
    nodes.push(el(TAGS[type], '', text.slice(offset, offset + length)));
    at = offset + length;
    if (type === 'pre') while (text[at] === '\n') at += 1;
  }
  nodes.push(...withCommands(text.slice(at)));
  return nodes;
};

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

const picture = (message) => {
  const size = message.photo.at(-1);
  const image = el('img');
  image.src = `/api/chat/files/${size.file_id}`;
  image.alt = message.caption ?? 'Picture';
  image.width = size.width;
  image.height = size.height;
  image.addEventListener('load', keepEnd);
  return image;
};

const file = (sent) => {
  const link = el('a', 'file');
  link.href = `/api/chat/files/${sent.file_id}`;
  link.download = sent.file_name;
  link.append(
    el('b', '', sent.file_name.split('.').at(-1).toUpperCase()),
    el('span', '', `${sent.file_name} · ${Math.max(1, Math.round(sent.file_size / 1024))} kB`),
  );
  return link;
};

const keyboard = (message) => {
  const keys = el('div', 'keys');
  for (const row of message.reply_markup.inline_keyboard) {
    const line = el('div', 'keys-row');
    for (const key of row) {
      const button = el('button', '', key.text);
      button.type = 'button';
      button.addEventListener('click', async () => {
        button.dataset.busy = 'true';
        const pressed = await post('press', { button: key.callback_data, messageId: message.message_id });
        setTimeout(() => delete button.dataset.busy, pressed ? 1_500 : 0);
      });
      line.append(button);
    }
    keys.append(line);
  }
  return keys;
};

let me = 0;
const shown = new Map();
const log = byId('log');

/** Whether the newest message is being read: who reads further up is left there, whatever comes. */
let atEnd = true;
log.addEventListener('scroll', () => (atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 120));

function toBottom() {
  log.scrollTop = log.scrollHeight;
}

function keepEnd() {
  if (atEnd) toBottom();
}

const draw = (message) => {
  const bubble = el('div', `bubble${message.from.id === me ? ' mine' : ''}`);
  if (message.photo !== undefined) bubble.append(picture(message));
  if (message.document !== undefined) bubble.append(file(message.document));
  const text = message.text ?? message.caption ?? '';
  bubble.append(...withEntities(text, message.entities ?? message.caption_entities));
  bubble.append(el('span', 'stamp', `${message.edit_date === undefined ? '' : 'edited '}${clock(message.date)}`));
  const nodes = [bubble];
  if (message.reply_markup !== undefined) nodes.push(keyboard(message));
  return nodes;
};

const drop = (id) => {
  for (const node of shown.get(id)?.nodes ?? []) node.remove();
  shown.delete(id);
};

const buttonsOf = (nodes) => nodes.flatMap((node) => [...node.querySelectorAll('button')]);

const put = (message) => {
  const text = JSON.stringify(message);
  const old = shown.get(message.message_id);
  if (old?.text === text) return;
  const nodes = draw(message);
  if (old === undefined) log.append(...nodes);
  else {
    // An answer in place (refresh, another span) must not take the keyboard's place away.
    const focused = buttonsOf(old.nodes).indexOf(document.activeElement);
    old.nodes[0].before(...nodes);
    for (const node of old.nodes) node.remove();
    if (focused >= 0) (buttonsOf(nodes)[focused] ?? log).focus({ preventScroll: true });
  }
  shown.set(message.message_id, { nodes, text });
  for (const id of shown.keys()) {
    if (shown.size <= MAX_BUBBLES) break;
    drop(id);
  }
  if (message.from.id === me) toBottom();
  else keepEnd();
};

let toastTimer = 0;
const toast = (text) => {
  if (text === '') return;
  const node = byId('toast');
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (node.hidden = true), 4_000);
};

/** Before the next try after one that was refused: the browser makes none by itself then. */
const PAUSE = 2_000;
let source = null;
let timer = 0;

const end = () => {
  clearTimeout(timer);
  source?.close();
  source = null;
};

const stateIs = (text) => (byId('chat-state').textContent = text);

const listen = () => {
  end();
  if (document.hidden) return;
  const opened = new EventSource('/api/chat/events');
  source = opened;
  opened.addEventListener('open', async () => {
    stateIs('bot · online');
    // Whatever was missed while the line was down: those that changed are redrawn in place, and who reads further up is
    // left there.
    const { messages } = await (await fetch('/api/chat/messages')).json();
    for (const message of messages.slice(-MAX_BUBBLES)) put(message);
  });
  opened.addEventListener('error', () => {
    stateIs('connecting …');
    if (opened.readyState === EventSource.CLOSED) timer = setTimeout(listen, PAUSE);
  });
  opened.addEventListener('message', (event) => put(JSON.parse(event.data).message));
  opened.addEventListener('edited', (event) => put(JSON.parse(event.data).message));
  opened.addEventListener('deleted', (event) => drop(JSON.parse(event.data).messageId));
  opened.addEventListener('answer', (event) => toast(JSON.parse(event.data).text));
};

let commands = [];

const closeMenu = () => {
  // The keyboard stays beside what it has chosen from.
  if (byId('menu').contains(document.activeElement)) byId('menu-button').focus();
  byId('menu').hidden = true;
  byId('menu-button').setAttribute('aria-expanded', 'false');
};

const openMenu = (prefix) => {
  const fitting = commands.filter(({ command }) => `/${command}`.startsWith(prefix));
  if (fitting.length === 0) return closeMenu();
  byId('menu').replaceChildren(
    ...fitting.map(({ command, description }) => {
      const button = el('button');
      button.type = 'button';
      button.append(el('b', '', `/${command}`), el('span', '', description));
      button.addEventListener('click', () => {
        closeMenu();
        byId('text').value = '';
        send(`/${command}`);
      });
      return button;
    }),
  );
  byId('menu').hidden = false;
  byId('menu-button').setAttribute('aria-expanded', 'true');
};

const loadMenu = async () => {
  commands = await (await fetch('/api/chat/menu')).json();
};

const compose = () => {
  const input = byId('text');
  byId('compose').addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === '') return;
    input.value = '';
    closeMenu();
    // What was typed is not lost with the line.
    if (!(await send(text)) && input.value === '') input.value = text;
  });
  input.addEventListener('input', () => (/^\/[a-z_]*$/.test(input.value) ? openMenu(input.value) : closeMenu()));
  byId('menu-button').addEventListener('click', async () => {
    if (!byId('menu').hidden) return closeMenu();
    // The commands known already do, where the bot does not answer.
    await loadMenu().catch(() => undefined);
    openMenu('/');
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeMenu();
  });
};

/**
 * @returns what is to be called when the board's line is broken, with which this one is, whatever it looks like, and
 * when it is back
 */
export const startChat = (chat) => {
  me = chat.userId;
  compose();
  listen();
  // Out of sight it holds no connection, as the board does not: what came meanwhile is asked for with the next one.
  document.addEventListener('visibilitychange', listen);
  loadMenu().catch(() => undefined);
  return (on) => (on ? listen() : stateIs('connecting …'));
};
