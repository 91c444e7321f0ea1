// The automata of this node as they run: a source of the Automata room (room/source.js says what that is).

import { Lines } from './room/lines.js';

/** Characters of the trace that wait to be read, at most. A page that is further behind begins again with a snapshot. */
const WAITING = 16 * 1024 * 1024;

export class NodeSource {
  name = 'of this node';
  #connection;

  constructor(connection) {
    this.#connection = connection;
  }

  get isConnected() {
    return this.#connection.state === 'open';
  }

  async definitions() {
    const response = await fetch('/definitions.json');
    if (!response.ok) throw new Error(`the node answered ${response.status}`);
    return response.json();
  }

  /** A snapshot, and then the lines as they are written; another snapshot after the connection was lost. */
  async *lines(signal) {
    let waiting = '';
    let wake = () => {};
    let end = () => {};
    const hear = ({ begins, lines }) => {
      if (begins) waiting = '';
      if (waiting.length + lines.length > WAITING) {
        waiting = '';
        end();
        end = this.#connection.subscribe('automata', hear);
        return;
      }
      waiting += lines;
      wake();
    };
    end = this.#connection.subscribe('automata', hear);
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      for (;;) {
        while (waiting === '' && !signal.aborted) await new Promise((resolve) => (wake = resolve));
        if (signal.aborted) return;
        const text = waiting;
        waiting = '';
        yield new Lines().take(text);
      }
    } finally {
      end();
    }
  }
}
