// Automata: every automaton of this node, live.

import { attempt, fill, h } from './elements.js';
import { NodeSource } from './node_source.js';

/** The room, once it was opened: it goes on recording while another one is shown. */
let kept;

export function mountAutomata(main, connection) {
  kept ??= begin(connection);
  const { place, room } = kept;
  fill(main, place);
  room.then((room) => room?.away(false));
  // `contact_status`, or `contact_status[…]` for one instance.
  const path = ({ detail: [name] }) => {
    if (name) room.then((room) => room?.goTo(name));
  };
  main.addEventListener('path', path);
  return () => {
    main.removeEventListener('path', path);
    room.then((room) => room?.away(true));
  };
}

function begin(connection) {
  const place = h('div.automata');
  const room = attempt(async () => {
    // The other rooms do not wait for these files.
    const { mountRoom } = await import('./room/room.js');
    return mountRoom(place, new NodeSource(connection), { isPart: true });
  });
  connection.addEventListener('state', () => {
    // It was this browser's node no longer: what was recorded goes.
    if (connection.state === 'left' || connection.state === 'refused') room.then((room) => room?.close());
  });
  return { place, room };
}
