// The way to the node: JSON-RPC over WebSocket, opened again when it is lost.

const KEY = 'bitpie-token';
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** An error that the node answered: `message`, `help`, `kind`. */
export class NodeError extends Error {
  constructor({ message, data }) {
    super(message);
    this.kind = data?.kind ?? 'internal';
    this.help = data?.help;
  }
}

/**
 * Exchanges a link from the terminal for a token of this browser. The link stands in the fragment of the address, which
 * never leaves the browser by itself, and is taken out of it at once.
 * @returns {Promise<string?>} the token, if there is one
 */
export async function enter() {
  const link = new URLSearchParams(location.hash.slice(1)).get('link');
  if (!link) return localStorage.getItem(KEY);
  history.replaceState(null, '', location.pathname);
  const answer = await fetch('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link }),
  });
  const said = await answer.json();
  if (answer.ok) {
    localStorage.setItem(KEY, said.token);
    return said.token;
  }
  // Reloaded, or opened twice: this browser may be in already.
  const before = localStorage.getItem(KEY);
  if (before) return before;
  throw new NodeError(said.error);
}

/** Forgets the token. */
function forget() {
  localStorage.removeItem(KEY);
}

export class Connection extends EventTarget {
  #token;
  #socket = null;
  #last = 0;
  #waiting = new Map();
  #topics = new Map();
  #subscriptions = new Map();
  /** What was told before the answer to `subscribe` came, by subscription. */
  #early = new Map();
  #subscribing = 0;
  #waitMs = FIRST_WAIT_MS;

  /** Whether requests are answered now. Changes are told by the event `state`. */
  state = 'connecting';

  constructor(token) {
    super();
    this.#token = token;
    // Another tab of this browser has logged out.
    window.addEventListener('storage', ({ key, newValue }) => {
      if (key === KEY && newValue === null) this.#leave('left');
    });
  }

  /** Makes the node forget this browser, and this browser forget the node. */
  async logOut() {
    forget();
    this.#leave('left');
    const headers = { authorization: `Bearer ${this.#token}` };
    // A node that does not answer forgets it when it stops.
    await fetch('/session', { method: 'DELETE', headers }).catch(() => {});
  }

  #leave(state) {
    this.#set(state);
    this.#socket?.close();
  }

  open() {
    if (this.state === 'left') return;
    const socket = new WebSocket(`ws://${location.host}/ws`);
    this.#socket = socket;
    socket.addEventListener('open', () => this.#opened());
    socket.addEventListener('message', ({ data }) => this.#heard(JSON.parse(data)));
    socket.addEventListener('close', () => this.#closed(socket));
  }

  async #opened() {
    try {
      await this.#ask('authenticate', { token: this.#token });
    } catch (error) {
      if (error.kind !== 'forbidden') return;
      forget();
      this.#leave('refused');
      return;
    }
    this.#waitMs = FIRST_WAIT_MS;
    // Whoever hears that it is open may subscribe to more.
    for (const topic of this.#topics.keys()) this.#subscribe(topic).catch(() => {});
    this.#set('open');
  }

  #closed(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    const lost = new NodeError({ message: 'the connection to the node is lost', data: { kind: 'unavailable' } });
    for (const { reject } of this.#waiting.values()) reject(lost);
    this.#waiting.clear();
    this.#subscriptions.clear();
    this.#early.clear();
    if (this.state === 'refused' || this.state === 'left') return;
    this.#set('lost');
    setTimeout(() => this.open(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }

  #heard(message) {
    if (message.method === 'subscription') {
      const { subscription, data } = message.params;
      const topic = this.#subscriptions.get(subscription);
      if (topic) for (const listener of this.#topics.get(topic) ?? []) listener(data);
      else if (this.#subscribing > 0) this.#early.set(subscription, [...(this.#early.get(subscription) ?? []), data]);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    this.#waiting.delete(message.id);
    if (message.error) waiting.reject(new NodeError(message.error));
    else waiting.resolve(message.result);
  }

  #ask(method, params) {
    return new Promise((resolve, reject) => {
      this.#last += 1;
      this.#waiting.set(this.#last, { resolve, reject });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id: this.#last, method, params }));
    });
  }

  /** What the node answers. */
  call(method, params = {}) {
    if (this.state === 'open') return this.#ask(method, params);
    const message = 'the node cannot be reached';
    return Promise.reject(new NodeError({ message, data: { kind: 'unavailable', help: 'it is tried again by itself' } }));
  }

  async #subscribe(topic) {
    const listeners = this.#topics.get(topic);
    this.#subscribing += 1;
    try {
      const { subscription } = await this.#ask('subscribe', { topic });
      const early = this.#early.get(subscription) ?? [];
      // Meanwhile nobody may want it any more, or others may have asked again.
      if (this.#topics.get(topic) !== listeners) {
        this.call('unsubscribe', { subscription }).catch(() => {});
        return;
      }
      this.#subscriptions.set(subscription, topic);
      for (const data of early) for (const listener of listeners) listener(data);
    } finally {
      this.#subscribing -= 1;
      if (this.#subscribing === 0) this.#early.clear();
    }
  }

  /**
   * Tells of a topic as it changes, from now on, also after the connection was lost.
   * @returns {() => void} ends it
   */
  subscribe(topic, listener) {
    const listeners = this.#topics.get(topic) ?? new Set();
    listeners.add(listener);
    if (!this.#topics.has(topic)) {
      this.#topics.set(topic, listeners);
      if (this.state === 'open') this.#subscribe(topic).catch(() => {});
    }
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      this.#topics.delete(topic);
      for (const [subscription, of] of this.#subscriptions) {
        if (of !== topic) continue;
        this.#subscriptions.delete(subscription);
        this.call('unsubscribe', { subscription }).catch(() => {});
      }
    };
  }
}
