// Automata: every automaton of this node, live.

import { attempt, fill, h } from './elements.js';
import { NodeSource } from './node_source.js';

export function mountAutomata(main, connection) {
  const place = h('div.automata');
  fill(main, place);
  let room;
  let wanted;
  let isLeft = false;
  // `contact_status`, or `contact_status[…]` for one instance.
  const choose = () => {
    if (!room || !wanted) return;
    const [automaton] = wanted.split('[');
    room.select(automaton, wanted);
    wanted = undefined;
  };
  const path = ({ detail }) => {
    wanted = detail[0];
    choose();
  };
  main.addEventListener('path', path);
  attempt(async () => {
    // The other rooms do not wait for these files.
    const { mountRoom } = await import('./room/room.js');
    if (isLeft) return;
    room = mountRoom(place, new NodeSource(connection), { isPart: true });
    choose();
  });
  return () => {
    isLeft = true;
    main.removeEventListener('path', path);
    room?.close();
  };
}
