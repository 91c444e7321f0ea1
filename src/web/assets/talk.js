// Talk: contacts and those who would like to be, conversations, search, and how people are found.

import { addContact, findNickname, myCard } from './people.js';
import { ago, attempt, date, day, fill, fingerprint, h, show, time, ask, announce } from './elements.js';

const PAGE = 50;

const STATES = {
  queued: ['◷', 'waits to be sent'],
  sent: ['✓', 'sent'],
  delivered: ['✓✓', 'delivered'],
  read: ['✓✓', 'read'],
  refused: ['✕', 'refused'],
  expired: ['✕', 'not delivered in time'],
};

const nameOf = (contact) => contact.name ?? contact.claimed_name ?? fingerprint(contact.id);

export function mountTalk(main, connection) {
  const talk = new Talk(main, connection);
  return () => talk.leave();
}

class Talk {
  #main;
  #connection;
  #ends = [];
  #contacts = [];
  #with = null;
  #messages = [];
  #next = null;
  #query = '';
  #found = null;
  #loading = 0;
  #drafts = new Map();

  constructor(main, connection) {
    this.#main = main;
    this.#connection = connection;
    this.people = h('section.people', { 'aria-label': 'People' });
    this.list = h('ul.contacts', { 'aria-label': 'Conversations' });
    this.conversation = h('section.conversation', { 'aria-label': 'Conversation' });
    this.heading = h('header');
    this.scroll = h('div.messages', { role: 'log', 'aria-label': 'Messages', tabIndex: 0 });
    this.below = h('div.below');
    fill(this.people, h('h1.unseen', {}, 'Talk'), this.#bar(), this.list);
    fill(main, h('main.page.talk', {}, this.people, this.conversation));
    this.#listen();
    this.#drawConversation();
  }

  #listen() {
    const path = ({ detail }) => this.#open(detail[0] ?? null);
    this.#main.addEventListener('path', path);
    this.#ends.push(() => this.#main.removeEventListener('path', path));
    this.#ends.push(this.#connection.subscribe('contacts', ({ contacts }) => this.#take(contacts)));
    this.#ends.push(this.#connection.subscribe('conversations', () => this.#refresh()));
    this.#ends.push(
      this.#connection.subscribe('messages', ({ messages }) => {
        const came = messages.filter((it) => it.direction === 'incoming');
        if (came.length > 0) announce(`A message from ${came.at(-1).name ?? 'a stranger'}`);
      }),
    );
  }

  leave() {
    for (const end of this.#ends) end();
  }

  #bar() {
    const search = h('input', {
      type: 'search',
      placeholder: 'Search messages and people',
      'aria-label': 'Search messages and people',
      oninput: () => this.#search(search.value),
    });
    const again = () => location.assign('#talk');
    return h(
      'div.bar',
      {},
      search,
      h(
        'div.buttons',
        {},
        h('button', { type: 'button', onclick: () => findNickname(this.#connection, (id) => this.#go(id)) }, 'Find'),
        h('button', { type: 'button', onclick: () => addContact(this.#connection, (id) => this.#go(id)) }, 'Add'),
        h('button', { type: 'button', onclick: () => myCard(this.#connection) }, 'My card'),
      ),
      h('button.quiet.again', { type: 'button', hidden: true, onclick: again }, 'Back'),
    );
  }

  #go(id) {
    location.hash = `#talk/${encodeURIComponent(id)}`;
  }

  #take(contacts) {
    this.#contacts = contacts;
    this.#drawList();
    this.#drawHeading();
    this.#drawBelow();
  }

  // People

  #drawList() {
    if (this.#found) return this.#drawFound();
    const of = (state) => this.#contacts.filter((it) => it.state === state);
    const accepted = of('accepted');
    const requests = of('request');
    const items = [];
    if (requests.length > 0) {
      items.push(h('li.section', {}, 'Would like to talk'), ...requests.map((it) => this.#item(it)));
    }
    if (accepted.length > 0) {
      if (requests.length > 0) items.push(h('li.section', {}, 'Contacts'));
      items.push(...accepted.map((it) => this.#item(it)));
    }
    if (items.length === 0) {
      items.push(
        h(
          'li.empty',
          {},
          h('p', {}, 'Nobody here yet.'),
          h('p', {}, 'Find somebody by nickname, add an address that you were given, or give away your own card.'),
        ),
      );
    }
    fill(this.list, ...items);
    return undefined;
  }

  #item(contact) {
    const waits = contact.state === 'request' ? contact.waiting : contact.unread;
    const isRequest = contact.state === 'request';
    const presence = contact.online ? 'here now' : seen(contact);
    return h(
      'li',
      {},
      h(
        'a.contact',
        {
          href: `#talk/${encodeURIComponent(contact.id)}`,
          'data-key': contact.id,
          'aria-current': contact.id === this.#with ? 'true' : undefined,
        },
        h(`span.presence${contact.online ? '.online' : ''}`, { 'aria-hidden': 'true' }),
        h(
          'span.who',
          {},
          h('span.name', {}, nameOf(contact)),
          h('span.muted', {}, isRequest ? fingerprint(contact.id) : presence),
        ),
        waits > 0
          ? h('span.count', { 'aria-label': `${waits} ${isRequest ? 'waiting' : 'unread'}` }, String(waits))
          : null,
      ),
    );
  }

  #search(query) {
    this.#query = query.trim();
    if (this.#query === '') {
      this.#found = null;
      this.#drawList();
      return;
    }
    const asked = this.#query;
    attempt(async () => {
      const { messages } = await this.#connection.call('messages.search', { query: asked, limit: 50 });
      if (asked !== this.#query) return;
      this.#found = messages.reverse();
      this.#drawFound();
    });
  }

  #drawFound() {
    const query = this.#query.toLowerCase();
    const people = this.#contacts.filter((it) => nameOf(it).toLowerCase().includes(query));
    const message = (it) =>
      h(
        'li',
        {},
        h(
          'a.contact.found',
          { href: `#talk/${encodeURIComponent(it.with)}`, 'data-key': it.id },
          h(
            'span.who',
            {},
            h('span.name', {}, `${it.direction === 'outgoing' ? 'You to ' : ''}${it.name ?? fingerprint(it.with)}`),
            h('span.muted', {}, date(it.time_unix_ms)),
            h('span.excerpt', {}, excerpt(it.text, query)),
          ),
        ),
      );
    const items = [...people.map((it) => this.#item(it)), ...this.#found.map(message)];
    fill(this.list, ...(items.length > 0 ? items : [h('li.empty', {}, 'Nothing was found.')]));
    announce(`${items.length} found`);
  }

  // The conversation

  #contact() {
    return this.#contacts.find((it) => it.id === this.#with);
  }

  #open(id) {
    const input = this.below.querySelector('textarea');
    if (input && this.#with) this.#drafts.set(this.#with, input.value);
    this.#with = id;
    this.#messages = [];
    this.#next = null;
    this.#main.firstElementChild.classList.toggle('is-open', id !== null);
    this.#drawConversation();
    this.#drawList();
    if (id) this.#refresh({ isFirst: true });
  }

  async #refresh({ isFirst = false } = {}) {
    const id = this.#with;
    if (!id) return;
    this.#loading += 1;
    const loading = this.#loading;
    await attempt(async () => {
      const limit = Math.max(PAGE, Math.min(500, this.#messages.length));
      const { messages, next } = await this.#connection.call('messages.list', { with: id, limit });
      if (id !== this.#with || loading !== this.#loading) return;
      this.#messages = messages;
      this.#next = next;
      this.#drawMessages(isFirst);
      await this.#markRead();
    });
  }

  async #markRead() {
    const contact = this.#contact();
    const isUnread = this.#messages.some((it) => it.state === 'unread');
    if (contact?.state === 'accepted' && isUnread && document.visibilityState === 'visible') {
      await this.#connection.call('messages.mark_read', { with: contact.id });
    }
  }

  async #older() {
    const id = this.#with;
    const { messages, next } = await this.#connection.call('messages.list', { with: id, limit: PAGE, before: this.#next });
    if (id !== this.#with) return;
    const height = this.scroll.scrollHeight;
    this.#messages = [...messages, ...this.#messages];
    this.#next = next;
    this.#drawMessages(false);
    this.scroll.scrollTop += this.scroll.scrollHeight - height;
  }

  #drawConversation() {
    if (!this.#with) {
      fill(this.conversation, h('div.nothing', {}, h('p', {}, 'Choose a conversation.')));
      return;
    }
    fill(this.scroll);
    fill(this.conversation, this.heading, this.scroll, this.below);
    this.#drawHeading();
    fill(this.below);
    this.#drawBelow();
  }

  #drawHeading() {
    const contact = this.#contact();
    const name = contact ? nameOf(contact) : fingerprint(this.#with ?? '');
    fill(
      this.heading,
      h('a.back', { href: '#talk', 'aria-label': 'All conversations' }, '‹'),
      h(
        'div',
        {},
        h('h1', {}, name),
        h('p.muted', {}, contact ? (contact.online ? 'here now' : seen(contact)) : ''),
        contact?.nickname_change ? h('p.warning', {}, 'The nickname by which you found them is no longer theirs.') : null,
      ),
      contact
        ? h('button.quiet', { type: 'button', 'aria-label': `About ${name}`, onclick: () => this.#about(contact) }, 'About')
        : null,
    );
  }

  #about(contact) {
    const remove = async () => {
      dialog.close();
      const isSure = await ask(
        `Remove ${nameOf(contact)}?`,
        [
          h('p', {}, 'They are no contact any more.'),
          h('label.check', {}, h('input', { type: 'checkbox', name: 'messages' }), ' Delete the conversation too'),
        ],
        'Remove',
      );
      if (!isSure) return;
      await attempt(async () => {
        await this.#connection.call('contact.remove', { who: contact.id, with_messages: isSure.has('messages') });
        location.hash = '#talk';
      });
    };
    const name = h('input', { name: 'name', value: contact.name ?? '', maxLength: 32, 'aria-label': 'Your name for them', autocomplete: 'off' });
    const rename = (event) => {
      event.preventDefault();
      dialog.close();
      attempt(() => this.#connection.call('contact.add', { idurl: `bitpie:${contact.id}`, name: name.value.trim() }));
    };
    const dialog = show(
      nameOf(contact),
      contact.state === 'accepted'
        ? h('form.row', { onsubmit: rename }, name, h('button', { type: 'submit' }, 'Call them this'))
        : null,
      h(
        'dl',
        {},
        h('dt', {}, 'Fingerprint'),
        h('dd', {}, h('code', {}, fingerprint(contact.id))),
        h('dd.muted', {}, 'Compare it with them by another way: by telephone, or face to face.'),
        h('dt', {}, 'Calls themselves'),
        h('dd', {}, contact.claimed_name ?? '–'),
        h('dt', {}, 'Last heard'),
        h('dd', {}, contact.last_seen_unix_ms ? date(contact.last_seen_unix_ms) : 'never'),
        h('dt', {}, 'Id'),
        h('dd', {}, h('code.long', {}, contact.id)),
      ),
      h('p', {}, h('a.why', { href: `#automata/${encodeURIComponent(`contact_status[${contact.id}]`)}`, onclick: () => dialog.close() }, 'Why is this contact shown as it is?')),
      contact.state === 'accepted' ? h('button.danger', { type: 'button', onclick: remove }, 'Remove contact') : null,
    );
  }

  #drawMessages(isFirst) {
    const isAtEnd = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 40;
    const items = [];
    if (this.#next !== null && this.#next !== undefined) {
      items.push(h('button.quiet.older', { type: 'button', onclick: () => attempt(() => this.#older()) }, 'Older messages'));
    }
    let before = '';
    for (const message of this.#messages) {
      const of = day(message.time_unix_ms);
      if (of !== before) items.push(h('p.day', {}, of));
      before = of;
      items.push(bubble(message));
    }
    if (this.#messages.length === 0) items.push(h('p.empty', {}, 'No messages yet.'));
    fill(this.scroll, ...items);
    if (isFirst || isAtEnd) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #drawBelow() {
    const contact = this.#contact();
    const kind = contact?.state ?? 'unknown';
    // What is being written stays.
    if (this.below.dataset.of === `${this.#with} ${kind}` && this.below.childElementCount > 0) return;
    this.below.dataset.of = `${this.#with} ${kind}`;
    if (kind === 'accepted') fill(this.below, this.#composer(contact));
    else if (kind === 'request') fill(this.below, this.#judgement(contact));
    else fill(this.below, this.#with ? h('p.muted', {}, 'Not a contact: you can read these messages, but not answer.') : null);
  }

  #judgement(contact) {
    const decide = (method) => () =>
      attempt(async () => {
        await this.#connection.call(method, { who: contact.id });
        announce(method === 'contact.accept' ? 'Accepted' : 'Refused');
        if (method === 'contact.refuse') location.hash = '#talk';
        else this.#refresh();
      });
    return h(
      'div.judgement',
      {},
      h(
        'p',
        {},
        contact.invitation ? 'They came by an invitation of yours. ' : 'A stranger. ',
        'They do not learn that you have read this. Accept to answer; refuse, and they see somebody who is away.',
      ),
      h('button', { type: 'button', onclick: decide('contact.refuse') }, 'Refuse'),
      h('button.primary', { type: 'button', onclick: decide('contact.accept') }, 'Accept'),
    );
  }

  #composer(contact) {
    const input = h('textarea', {
      rows: 1,
      name: 'text',
      placeholder: contact.name ? `Message to ${contact.name}` : 'Message',
      'aria-label': `Message to ${nameOf(contact)}`,
      value: this.#drafts.get(contact.id) ?? '',
      oninput: () => {
        input.rows = Math.min(8, input.value.split('\n').length);
      },
      onkeydown: (event) => {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        form.requestSubmit();
      },
    });
    const form = h(
      'form.composer',
      {
        onsubmit: (event) => {
          event.preventDefault();
          const text = input.value.trim();
          if (text === '') return;
          input.value = '';
          input.rows = 1;
          attempt(async () => {
            try {
              const sent = await this.#connection.call('messages.send', { to: contact.id, text });
              if (sent.problem) announce(sent.problem);
            } catch (error) {
              // Nothing that was written is lost.
              if (input.value === '') input.value = text;
              throw error;
            }
            this.scroll.scrollTop = this.scroll.scrollHeight;
          });
        },
      },
      input,
      h('button.primary', { type: 'submit' }, 'Send'),
    );
    return form;
  }
}

function seen(contact) {
  return contact.last_seen_unix_ms ? `last heard ${ago(contact.last_seen_unix_ms)}` : 'not heard yet';
}

function bubble(message) {
  const isOurs = message.direction === 'outgoing';
  const [sign, words] = STATES[message.state] ?? ['', ''];
  const odd = { delayed: 'written earlier, as they say', impossible: 'the time that they give is not true' }[message.sent_time];
  return h(
    `article.message${isOurs ? '.ours' : ''}`,
    { 'data-id': message.id, 'data-state': message.state },
    h('p.text', {}, message.text),
    h(
      'p.about',
      {},
      h('time', { dateTime: new Date(message.time_unix_ms).toISOString(), title: date(message.time_unix_ms) }, time(message.time_unix_ms)),
      odd ? h('span.warning', {}, ` ${odd}`) : null,
      isOurs
        ? h(`span.state.${message.state}`, { title: message.why ?? words }, h('span', { 'aria-hidden': 'true' }, sign), h('span.unseen', {}, words))
        : null,
      message.why ? h('span.warning', {}, ` ${message.why}`) : null,
    ),
  );
}

function excerpt(text, query) {
  const place = Math.max(0, text.toLowerCase().indexOf(query.split(/\s/)[0]));
  const from = Math.max(0, place - 30);
  return `${from > 0 ? '…' : ''}${text.slice(from, from + 120)}${text.length > from + 120 ? '…' : ''}`;
}
