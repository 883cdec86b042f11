/* What lies behind a cell, a host and a control. */

const detail = document.getElementById('detail');
const LISTED = 200;

/* What the cursor stands on: in the head a control, in the first column a host. */
function open(row, column) {
  const host = shown.hosts[row];
  if (row < 0 && column > 0) showControl(shown.columns[column - 1]);
  else if (host && column === 0) showHost(host);
  else if (host) showResult(host, shown.columns[column - 1]);
}

function show(title, ...content) {
  const close = make('button', { type: 'button', class: 'close', 'aria-label': 'Close', click: () => detail.close() }, '✕');
  detail.replaceChildren(make('header', {}, make('h2', { id: 'detail-title' }, title), close), make('div', { class: 'content' }, content));
  if (!detail.open) detail.showModal();
  detail.scrollTop = 0;
  close.focus();
}

detail.addEventListener('click', event => {
  if (event.target === detail) detail.close();
});
detail.addEventListener('close', () => grid.focus({ preventScroll: true }));

const tag = status => make('span', { class: `tag sign ${status}` }, `${STATUS[status].sign} ${STATUS[status].word}`);
const link = (text, click) => make('button', { type: 'button', class: 'link', click }, text);
const part = (title, ...content) => make('section', {}, make('h3', {}, title), content);

function pairs(list) {
  const given = list.filter(([, value]) => value);
  const line = ([key, value]) => make('tr', {}, make('th', { scope: 'row' }, key), make('td', {}, value));
  return make('table', { class: 'pairs' }, make('tbody', {}, given.map(line)));
}

function references(control) {
  const one = ([text, url]) => make('li', {}, /^https?:\/\//.test(url || '') ? make('a', { href: url, rel: 'noreferrer' }, text) : text);
  return control.references.length ? part('References', make('ul', {}, control.references.map(one))) : null;
}

function showResult(host, column) {
  const control = model.controls[column];
  const found = outcome(host, column);
  const [id, owner, justification, expires] = found.exception || [];
  show(`${control.id} on ${host.name}`,
    make('p', { class: 'line' }, tag(found.status), make('span', { class: 'tag info' }, `severity ${control.severity}`)),
    make('p', { class: 'title' }, control.title),
    make('p', {}, found.message),
    found.exception ? part('Exception', pairs([['id', id], ['owner', owner], ['why', justification], ['until', expires]])) : null,
    part('Evidence', found.evidence.length
      ? pairs(found.evidence.map(([key, value]) => [make('code', {}, key), make('code', {}, value)]))
      : make('p', { class: 'soft' }, 'None.')),
    part('Remediation', make('p', {}, control.remediation)),
    part('Why it matters', make('p', {}, control.rationale)),
    references(control),
    make('p', { class: 'line' }, link('The whole host', () => showHost(host)), link('The control on every host', () => showControl(column))));
}

function showHost(host) {
  const order = ['f', 'u', 'e', 'p', 'n', '-'];
  const columns = model.controls.map((control, column) => column);
  const severity = column => model.severities.indexOf(model.controls[column].severity);
  columns.sort((one, other) => order.indexOf(host.signs[one]) - order.indexOf(host.signs[other])
    || severity(other) - severity(one) || one - other);
  const weight = column => ('fu'.includes(host.signs[column]) ? ` (${model.controls[column].severity})` : '');
  const line = column => make('li', {}, tag(host.signs[column]), make('div', { class: 'message' },
    link(`${model.controls[column].id} ${model.controls[column].title}${weight(column)}`, () => showResult(host, column)),
    make('div', { class: 'soft' }, outcome(host, column).message)));
  show(host.name,
    pairs([
      ['State', host.reason ? `${host.state}: ${host.reason}` : host.state], ['Posture', host.posture], ['Groups', host.groups.join(', ')],
      ['Distribution', host.distribution], ['Kernel', host.release], ['Machine', host.machine],
      ['Collected', host.collected], ['Evidence sha256', host.digest && make('code', {}, host.digest)],
    ]),
    part('Results', make('ul', { class: 'findings' }, columns.map(line))));
}

function showControl(column) {
  const control = model.controls[column];
  const bad = shown.hosts.filter(host => 'fu'.includes(host.signs[column]));
  const line = host => make('li', {}, tag(host.signs[column]), make('div', { class: 'message' },
    link(host.name, () => showResult(host, column)), make('div', { class: 'soft' }, outcome(host, column).message)));
  const only = () => { detail.close(); setFilter({ ...filter, control: control.id, status: 'f' }); };
  show(`${control.id} ${control.title}`,
    make('p', { class: 'line' }, make('span', { class: 'tag info' }, `severity ${control.severity}`), make('span', { class: 'tag info' }, `since ${control.since}`)),
    part('Why it matters', make('p', {}, control.rationale)),
    part('Remediation', make('p', {}, control.remediation)),
    part('Applies and reads', pairs([['Postures', control.postures.join(', ')], ['Evidence', make('code', {}, control.evidence.join(', ') || 'the policy alone')]])),
    references(control),
    part(`Fails or is unknown on ${bad.length} of the ${shown.hosts.length} hosts that are shown`,
      make('ul', { class: 'findings' }, bad.slice(0, LISTED).map(line)),
      bad.length > LISTED ? make('p', { class: 'soft' }, `And ${bad.length - LISTED} more.`) : null),
    make('p', { class: 'line' }, link('Show only the hosts that fail it', only)));
}
