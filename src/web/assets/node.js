// Node: how it is, its services, transports, peers, ratings, DHT, settings.

import { ago, ask, announce, attempt, bytes, date, fill, fingerprint, h, withCode } from './elements.js';

const PARTS = [
  { name: 'health', title: 'Health', draw: drawHealth },
  { name: 'services', title: 'Services', draw: drawServices },
  { name: 'transports', title: 'Transports', draw: drawTransports },
  { name: 'peers', title: 'Peers', draw: drawPeers },
  { name: 'ratings', title: 'Ratings', draw: drawRatings },
  { name: 'dht', title: 'DHT', draw: drawDht },
  { name: 'settings', title: 'Settings', draw: drawSettings },
];

export function mountNode(main, connection) {
  const body = h('main.part', { tabIndex: -1 });
  const menu = h('ul');
  fill(main, h('div.page.node', {}, h('nav.parts', { 'aria-label': 'Parts of the node' }, menu), body));
  let part = null;
  const draw = () => {
    if (part) attempt(() => part.draw(body, connection, draw));
  };
  const path = ({ detail }) => {
    const name = detail[0] ?? PARTS[0].name;
    const wanted = PARTS.find((it) => it.name === name) ?? PARTS[0];
    if (wanted !== part) fill(body);
    part = wanted;
    const item = (it) =>
      h('li', {}, h('a', { href: `#node/${it.name}`, 'aria-current': it === part ? 'true' : undefined }, it.title));
    fill(menu, ...PARTS.map(item));
    draw();
  };
  main.addEventListener('path', path);
  const ends = [connection.subscribe('status', draw), connection.subscribe('peers', () => part?.name === 'peers' && draw())];
  return () => {
    main.removeEventListener('path', path);
    ends.forEach((end) => end());
  };
}

const SIGNS = { good: ['✓', 'good'], notable: ['!', 'to know'], bad: ['✕', 'wrong'], skipped: ['–', 'not known'] };

async function drawHealth(body, connection) {
  const [{ headline, verdict, findings }, status] = await Promise.all([connection.call('health'), connection.call('status')]);
  const row = ({ about, verdict: of, said, help }) =>
    h(
      `li.finding.${of}`,
      {},
      h('span.sign', { title: SIGNS[of][1] }, h('span', { 'aria-hidden': 'true' }, SIGNS[of][0]), h('span.unseen', {}, SIGNS[of][1])),
      h('div', {}, h('strong', {}, about), h('p', {}, ...withCode(said)), help ? h('p.help', {}, ...withCode(help)) : null, remedy(connection, help)),
    );
  fill(
    body,
    h('h1', {}, 'Health'),
    h(`p.headline.${verdict}`, {}, headline),
    h('ul.findings', {}, ...findings.map(row)),
    h('h2', {}, 'This node'),
    h(
      'dl',
      {},
      ...[
        ['Name', status.name ?? '–'],
        ['Fingerprint', h('code', {}, fingerprint(status.id))],
        ['Version', status.version],
        ['Network', status.network],
        ['Running since', date(status.started_unix_ms)],
        ['Home', h('code', {}, status.home)],
        ['Sessions', `${status.sessions.incoming} from others, ${status.sessions.outgoing} to others`],
        ['API', status.api.map((it) => `${it.service} ${it.address}${it.is_public ? ', open to others' : ''}`).join('; ') || '–'],
      ].flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
    h(
      'div.buttons',
      {},
      h('button', { type: 'button', onclick: () => attempt(() => connection.call('network.reconnect')) }, 'Reconnect'),
      h('button.danger', { type: 'button', onclick: () => stop(connection) }, 'Stop the node'),
    ),
  );
}

/** A command in a piece of advice that the page can carry out itself. */
function remedy(connection, help) {
  const found = /`bitpie (service (start|enable)|config set|reconnect) ?([^`]*)`/.exec(help ?? '');
  if (!found) return null;
  const [, command, , rest] = found;
  const work = () => {
    if (command === 'reconnect') return connection.call('network.reconnect');
    if (command === 'config set') {
      const [path, ...value] = rest.split(' ');
      return connection.call('config.set', { path, value: value.join(' ') });
    }
    return Promise.all(rest.split(' ').map((name) => connection.call(command.replace(' ', '.'), { name })));
  };
  // What stands for something that the user has to choose is no value.
  if (/[A-Z]{3,}|…/.test(rest)) return null;
  const label = command === 'reconnect' ? 'Reconnect' : command === 'config set' ? `Set ${rest.split(' ')[0]}` : `Start ${rest}`;
  return h('button', { type: 'button', onclick: () => attempt(work) }, label);
}

async function stop(connection) {
  const text = 'Nobody reaches you until it is started again, and this page goes with it.';
  if (await ask('Stop the node?', [h('p', {}, text)], 'Stop')) await attempt(() => connection.call('shutdown'));
}

async function drawServices(body, connection, draw) {
  const { services } = await connection.call('service.list');
  const depth = (service) => Math.max(0, ...service.depends_on.map((name) => 1 + depth(services.find((it) => it.name === name))));
  const row = (service) => {
    const isOn = service.state === 'ON';
    const change = () =>
      attempt(async () => {
        const change = await connection.call(service.enabled ? 'service.disable' : 'service.enable', { name: service.name });
        announce(`${service.name}: ${change.result.replace('_', ' ')}${change.why ? `, ${change.why}` : ''}`);
        draw();
      });
    return h(
      `li.service.depth-${Math.min(3, depth(service))}`,
      { 'data-service': service.name, 'data-state': service.state },
      h('button.switch', { type: 'button', role: 'switch', 'aria-checked': String(service.enabled), 'aria-label': service.name, 'data-key': service.name, onclick: change }),
      h(
        'div',
        {},
        h('strong', {}, service.name),
        h(`span.state${isOn ? '.on' : ''}`, {}, service.state.toLowerCase().replaceAll('_', ' ')),
        h('p.muted', {}, service.summary),
        service.depends_on.length > 0 ? h('p.muted', {}, `Needs ${service.depends_on.join(', ')}`) : null,
        service.problem ? h('p.warning', {}, service.problem) : null,
      ),
    );
  };
  fill(body, h('h1', {}, 'Services'), h('p.muted', {}, 'A switch counts now, and at each start of the node.'), h('ul.services', {}, ...services.map(row)));
}

function table(caption, columns, rows) {
  return h(
    'div.scroll',
    { tabIndex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption.unseen', {}, caption),
      h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell ?? '–'))))),
    ),
  );
}

async function drawTransports(body, connection) {
  const { transports, relay, stun } = await connection.call('status');
  const ms = (value) => (value === null || value === undefined ? '–' : `${value} ms`);
  const rows = transports.map((it) => [
    h('strong', {}, it.name),
    it.state.toLowerCase().replaceAll('_', ' '),
    it.listening.join(' ') || '–',
    it.stability.place ?? '–',
    `${it.stability.success_percent} %`,
    ms(it.stability.round_trip_ms),
    it.stability.loss_per_mille === null ? '–' : `${(it.stability.loss_per_mille / 10).toFixed(1)} %`,
    String(it.stability.sessions),
    it.stability.came_in_unix_ms ? ago(it.stability.came_in_unix_ms) : 'nobody',
    `${bytes(it.traffic.bytes_in)} / ${bytes(it.traffic.bytes_out)}`,
  ]);
  const why = transports.filter((it) => it.stability.better);
  fill(
    body,
    h('h1', {}, 'Transports'),
    table('Transports', ['Transport', 'State', 'Listens at', 'Place', 'Dials that succeed', 'Round trip', 'Loss', 'Sessions', 'Came in', 'In / out'], rows),
    ...why.map((it) => h('p', {}, `${it.name} stands before the next, because ${it.stability.better}.`)),
    ...transports.filter((it) => it.problem).map((it) => h('p.warning', {}, `${it.name}: ${it.problem}`)),
    h('h2', {}, 'Seen by others'),
    stun.external.length > 0
      ? table('Seen by others', ['Address', 'What the router does'], stun.external.map((it) => [it.address ?? it.ip, it.mapping.replaceAll('_', ' ')]))
      : h('p.muted', {}, 'Not enough peers have said yet where they see this node.'),
    h('p', {}, `Sessions relayed for others: ${relay.carries} now, ${relay.carried} before (${bytes(relay.carried_bytes)}).`),
  );
}

async function drawPeers(body, connection) {
  const { peers } = await connection.call('peers.list');
  const rows = peers.map((it) => [
    it.name ?? (it.id ? h('code', {}, fingerprint(it.id)) : 'not known yet'),
    it.session ? `${it.session.transport}, ${it.session.direction}${it.session.through ? ', relayed' : ''}${it.session.by_meeting ? ', punched' : ''}` : '–',
    it.session?.remote ?? it.entrypoints[0] ?? '–',
    it.session?.round_trip_ms === null || !it.session ? '–' : `${it.session.round_trip_ms} ms`,
    it.last_seen_unix_ms ? ago(it.last_seen_unix_ms) : 'never',
    it.failures > 0 ? String(it.failures) : '–',
    it.traffic ? `${bytes(it.traffic.bytes_in)} / ${bytes(it.traffic.bytes_out)}` : '–',
  ]);
  fill(body, h('h1', {}, 'Peers'), rows.length > 0 ? table('Peers', ['Peer', 'Session', 'Where', 'Round trip', 'Last heard', 'Failures', 'In / out'], rows) : h('p.muted', {}, 'No other node is known yet.'));
}

async function drawRatings(body, connection) {
  const ratings = await connection.call('peers.ratings');
  const hour = (it) => (it.counted > 0 ? it.here / it.counted : null);
  const chart = (total) =>
    h(
      'div.hours',
      { role: 'img', 'aria-label': `By hour: ${total.hours.map((it, at) => (it.counted > 0 ? `${at} h ${Math.round(100 * hour(it))} %` : '')).filter(Boolean).join(', ') || 'not counted yet'}` },
      ...total.hours.map((it, at) => {
        const part = hour(it);
        const height = part === null ? 0 : Math.round(part * 10);
        return h(`span.hour.height-${height}${part === null ? '.unknown' : ''}`, { title: `${at}:00 UTC, ${part === null ? 'not counted' : `${Math.round(100 * part)} %`}` });
      }),
    );
  const row = (contact) => [
    contact.name ?? h('code', {}, fingerprint(contact.id)),
    contact.total.counted > 0 ? `${Math.round((100 * contact.total.here) / contact.total.counted)} %` : '–',
    chart(contact.total),
    contact.months.map((it) => `${it.month}: ${it.counted > 0 ? `${Math.round((100 * it.here) / it.counted)} %` : '–'}`).slice(-3).join('  ') || '–',
  ];
  fill(
    body,
    h('h1', {}, 'Ratings'),
    h('p.muted', {}, 'How often each contact was there while this node was, by the hour (UTC).'),
    ratings.problem ? h('p.warning', {}, ratings.problem) : null,
    ratings.contacts.length > 0 ? table('Ratings', ['Contact', 'There', '0 to 23 o’clock', 'Months'], ratings.contacts.map(row)) : h('p.muted', {}, 'There are no contacts yet.'),
  );
}

async function drawDht(body, connection) {
  const { dht, nickname, lan_discovery: lan } = await connection.call('status');
  const words = (state) => state.toLowerCase().replaceAll('_', ' ');
  const rows = [
    ['Distributed hash table', words(dht.state)],
    ['Listens at (UDP)', dht.listening ?? '–'],
    ['Our identity document', words(dht.identity)],
    ['Nickname', nickname.name ? `${nickname.name}: ${words(nickname.state)}${nickname.held === null || nickname.held === undefined ? '' : `, place ${nickname.held}`}` : 'none'],
    ['Local network', `${words(lan.state)}, ${lan.found} found`],
  ];
  const problems = [dht.problem, nickname.problem, lan.problem].filter(Boolean);
  fill(body, h('h1', {}, 'DHT'), h('dl', {}, ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])), ...problems.map((it) => h('p.warning', {}, it)));
}

let wanted = '';

async function drawSettings(body, connection, draw) {
  // What is being typed stays.
  if (body.contains(document.activeElement) && document.activeElement.tagName === 'INPUT') return;
  const { settings } = await connection.call('config.list');
  // Services have switches of their own.
  const shown = settings.filter((it) => !/^services\/[^/]+\/enabled$/.test(it.path));
  const list = h('ul.settings');
  const show = () => fill(list, ...shown.filter((it) => `${it.path} ${it.summary}`.toLowerCase().includes(wanted)).map(row));
  const row = (setting) => {
    const value = Array.isArray(setting.value) ? setting.value.join(',') : String(setting.value ?? '');
    const input =
      typeof setting.default === 'boolean'
        ? h('select', { 'aria-label': setting.path }, ...['true', 'false'].map((it) => h('option', { selected: it === value }, it)))
        : h('input', { name: setting.path, value, 'aria-label': setting.path, autocomplete: 'off', spellcheck: false });
    const set = (to) => async (event) => {
      event.preventDefault();
      await attempt(async () => {
        const changed = await connection.call('config.set', { path: setting.path, value: to === undefined ? input.value : to });
        announce(`${setting.path} is ${JSON.stringify(changed.value)}${changed.needs_restart ? ', from the next start on' : ''}`);
        input.blur();
        await draw();
      });
    };
    return h(
      'li',
      { 'data-setting': setting.path },
      h('form', { onsubmit: set() }, h('label', {}, h('code', {}, setting.path), input), h('button', { type: 'submit' }, 'Set'), setting.is_set ? h('button.quiet', { type: 'button', onclick: set(null) }, 'Default') : null),
      h('p.muted', {}, `${setting.summary}. It is ${setting.kind}; by default ${JSON.stringify(setting.default)}${setting.needs_restart ? '; counts from the next start' : ''}`),
    );
  };
  const filter = h('input', { type: 'search', value: wanted, placeholder: 'Filter', 'aria-label': 'Filter settings', oninput: () => { wanted = filter.value.toLowerCase(); show(); } });
  fill(body, h('h1', {}, 'Settings'), filter, list);
  show();
}
