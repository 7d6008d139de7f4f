// The page's start: which halves there are, and on a phone which one is seen.
import { startChat } from './chat.mjs';
import { startStatus } from './status.mjs';

const show = (view) => {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll('.tabs button')) button.setAttribute('aria-pressed', String(button.dataset.show === view));
};

for (const button of document.querySelectorAll('.tabs button')) button.addEventListener('click', () => show(button.dataset.show));

startStatus();
const chat = await fetch('/api/chat').then((answer) => (answer.ok ? answer.json() : null));
document.body.dataset.chat = chat === null ? 'none' : 'here';
if (chat !== null) {
  document.getElementById('phone').hidden = false;
  show('chat');
  startChat(chat);
}
