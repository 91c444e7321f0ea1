// How people come together: by nickname, by address, and by one's own card.

import { ask, announce, attempt, complain, fill, fingerprint, h, show } from './elements.js';

/** Adds somebody by the address that they gave away. */
export async function addContact(connection, added) {
  const form = await ask(
    'Add a contact',
    [
      h('label', {}, 'Their address, as their card shows it', h('input', { name: 'idurl', required: true, placeholder: 'bitpie:…', autocomplete: 'off' })),
      h('label', {}, 'Your name for them', h('input', { name: 'name', maxLength: 32, autocomplete: 'off' })),
    ],
    'Add',
  );
  if (!form) return;
  await attempt(async () => {
    const name = form.get('name').trim() || null;
    const contact = await connection.call('contact.add', { idurl: form.get('idurl').trim(), name });
    if (contact.looks_like) complain({ message: `the name looks like that of another contact, ${contact.looks_like}`, help: 'compare fingerprints' });
    added(contact.id);
  });
}

/** Finds everybody who goes by a nickname, and shows fingerprints to be compared. */
export function findNickname(connection, added) {
  const results = h('ul.claimants', { 'aria-live': 'polite' });
  const input = h('input', { name: 'name', required: true, maxLength: 32, placeholder: 'Nickname', 'aria-label': 'Nickname', autocomplete: 'off' });
  let search = null;
  const end = () => {
    if (search !== null) connection.call('names.stop', { search }).catch(() => {});
    search = null;
  };
  const find = async (event) => {
    event.preventDefault();
    end();
    fill(results, h('li.muted', {}, 'Searching …'));
    await attempt(async () => {
      const name = input.value.trim();
      const begun = await connection.call('names.find', { name });
      search = begun.search;
      let found = { seen: null, over: false };
      while (search === begun.search && !found.over) {
        found = await connection.call('names.found', { search, seen: found.seen, wait_ms: 20_000 });
        if (search !== begun.search) return;
        draw(found);
      }
      search = null;
    });
  };
  const draw = (found) => {
    const items = found.claimants.map((it) => claimant(it, found.name));
    if (found.over && items.length === 0) {
      items.push(h('li', {}, found.complete ? 'Nobody goes by that nickname.' : 'Nobody was found; not everybody was heard, so there may be somebody.'));
    } else if (!found.over) {
      items.push(h('li.muted', {}, 'Searching …'));
    } else if (!found.complete) {
      items.push(h('li.muted', {}, 'Not everybody was heard: there may be more.'));
    }
    if (found.looks_like) items.unshift(h('li.warning', {}, `This looks like ${found.looks_like}, who is your contact.`));
    fill(results, ...items);
  };
  const claimant = (it, name) => {
    const add = () =>
      attempt(async () => {
        await connection.call('contact.add', { idurl: it.address, found_as: name });
        dialog.close();
        added(it.id);
      });
    const there = { true: 'answers now', false: 'does not answer now', null: '' }[it.answers];
    return h(
      'li',
      {},
      h('span.name', {}, `${name}#${it.index}`),
      h('code', {}, fingerprint(it.id)),
      h('span.muted', {}, it.is_me ? 'this is you' : it.is_contact ? `your contact ${it.contact ?? ''}` : there),
      it.is_me ? null : it.is_contact ? h('button', { type: 'button', onclick: () => { dialog.close(); added(it.id); } }, 'Open') : h('button.primary', { type: 'button', onclick: add }, 'Add'),
    );
  };
  const dialog = show(
    'Find somebody by nickname',
    h('p.muted', {}, 'Anybody can take a nickname that is free, and several people can have the same. Compare fingerprints by another way before you trust.'),
    h('form.row', { onsubmit: find }, input, h('button.primary', { type: 'submit' }, 'Find')),
    results,
  );
  dialog.addEventListener('close', end);
  input.focus();
}

/** Our own card: address, fingerprint, QR code, nickname, invitations. */
export function myCard(connection) {
  const place = h('div.card', {}, h('p.muted', {}, '…'));
  show('My card', place);
  const draw = async (invitation = null) => {
    const id = invitation ?? (await connection.call('id'));
    const { svg } = await connection.call('web.qr', { text: id.idurl });
    const { name: nickname, state } = await connection.call('nick.show');
    const { invitations } = await connection.call('invite.list');
    const picture = h('img.qr', { alt: 'QR code of the address', src: `data:image/svg+xml,${encodeURIComponent(svg)}` });
    const copy = async () => {
      await navigator.clipboard.writeText(id.idurl);
      announce('Copied');
    };
    const invite = () => attempt(async () => draw(await connection.call('invite.new')));
    const takeBack = (name) => () =>
      attempt(async () => {
        await connection.call('invite.remove', { name });
        await draw();
      });
    fill(
      place,
      picture,
      invitation
        ? h('p', {}, 'With an invitation: the first who uses this address gets through even if many strangers ask. Give it to one person.')
        : null,
      h('label', {}, 'Address to give away', h('textarea', { readOnly: true, rows: 4, value: id.idurl })),
      h('div.buttons', {}, h('button', { type: 'button', onclick: () => attempt(copy) }, 'Copy'), h('button', { type: 'button', onclick: invite }, 'Make an invitation')),
      h('dl', {}, h('dt', {}, 'Fingerprint'), h('dd', {}, h('code', {}, fingerprint(id.id))), h('dt', {}, 'Nickname'), h('dd', {}, nickname ? `${nickname} (${state.toLowerCase()})` : 'none')),
      nicknameForm(connection, nickname, () => attempt(draw)),
      invitations.length > 0 ? h('h3', {}, 'Invitations that count') : null,
      h('ul.invitations', {}, ...invitations.map((it) => h('li', {}, h('span', {}, `${it.name}, ${it.once ? 'for one' : 'for all'}, until ${new Date(it.until_unix_ms).toLocaleString()}`), h('button', { type: 'button', onclick: takeBack(it.name) }, 'Take back')))),
    );
  };
  attempt(draw);
}

function nicknameForm(connection, nickname, changed) {
  const input = h('input', { name: 'nickname', value: nickname ?? '', maxLength: 32, 'aria-label': 'Nickname', autocomplete: 'off' });
  const set = (event) => {
    event.preventDefault();
    attempt(async () => {
      const name = input.value.trim();
      await connection.call(name ? 'nick.set' : 'nick.clear', name ? { name } : {});
      changed();
    });
  };
  return h('form.row', { onsubmit: set }, input, h('button', { type: 'submit' }, 'Be known by this'));
}
