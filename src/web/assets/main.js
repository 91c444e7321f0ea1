// The page: its rooms, and the state of the connection.

import { mountAutomata } from './automata.js';
import { Connection, enter } from './connection.js';
import { announce, complain, fill, h } from './elements.js';
import { mountNode } from './node.js';
import { mountTalk } from './talk.js';

const ROOMS = [
  { name: 'talk', title: 'Talk', mount: mountTalk },
  { name: 'automata', title: 'Automata', mount: mountAutomata },
  { name: 'node', title: 'Node', mount: mountNode },
];

const STATES = {
  connecting: 'Connecting to the node …',
  lost: 'The node does not answer. It is tried again by itself; everything here is as it was last.',
  refused: 'The node was started again since, or does not know this browser.',
  left: 'You have logged out.',
};

const main = document.getElementById('room');

function wayIn(why) {
  delete main.dataset.room;
  fill(
    main,
    h(
      'main.page.way-in',
      {},
      h('h1', {}, 'This page belongs to the user of the node'),
      why ? h('p', {}, why) : null,
      h('p', {}, 'In a terminal, type'),
      h('pre', {}, h('code', {}, 'bitpie web')),
      h('p', {}, 'and it opens this page in your browser. (With a home folder of its own: bitpie --home DIR web.)'),
    ),
  );
}

function showState(connection) {
  const place = document.getElementById('connection');
  const text = STATES[connection.state] ?? '';
  place.textContent = text;
  place.hidden = text === '';
  if (text) announce(text);
}

function open(connection) {
  let leave = () => {};
  const go = () => {
    const [name, ...path] = location.hash.slice(1).split('/');
    const room = ROOMS.find((it) => it.name === name) ?? ROOMS[0];
    for (const link of document.querySelectorAll('nav a')) {
      const isHere = link.hash === `#${room.name}`;
      if (isHere) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    document.title = `${room.title} · bitpie`;
    if (main.dataset.room !== room.name) {
      leave();
      main.replaceChildren();
      main.dataset.room = room.name;
      leave = room.mount(main, connection) ?? (() => {});
    }
    main.dispatchEvent(new CustomEvent('path', { detail: path.map(decodeURIComponent) }));
  };
  const logOut = document.getElementById('log-out');
  logOut.addEventListener('click', () => connection.logOut());
  const begin = () => {
    showState(connection);
    if (connection.state === 'refused' || connection.state === 'left') {
      window.removeEventListener('hashchange', go);
      leave();
      leave = () => {};
      logOut.hidden = true;
      return wayIn(STATES[connection.state]);
    }
    if (connection.state !== 'open' || main.dataset.room) return undefined;
    logOut.hidden = false;
    window.addEventListener('hashchange', go);
    return go();
  };
  connection.addEventListener('state', begin);
  connection.open();
}

// It leads to what the room shows, and is no room by itself.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});

try {
  const token = await enter();
  if (token) open(new Connection(token));
  else wayIn();
} catch (error) {
  wayIn(error.message);
  complain(error);
}
