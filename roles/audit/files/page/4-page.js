/* Filters, the table of controls, paper, and the start. */

const form = document.getElementById('filters');
const count = document.getElementById('count');
const number = value => value.toLocaleString('en');

/* A filter is part of the address, so that what one sees can be passed on. */
function readAddress() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  return Object.fromEntries(Object.entries(NO_FILTER).map(([name, none]) => [name, given[name] || none]));
}

function writeAddress() {
  const given = Object.entries(filter).filter(([, value]) => value);
  history.replaceState(null, '', given.length ? `#${new URLSearchParams(given)}` : location.pathname + location.search);
}

function setFilter(wanted) {
  for (const name of Object.keys(NO_FILTER)) {
    form.elements[name].value = wanted[name];
    /* An address may name what this audit has not. */
    filter[name] = form.elements[name].value;
  }
  writeAddress();
  update();
}

function update() {
  choose();
  count.textContent = `${number(shown.hosts.length)} of ${number(model.hosts.length)} hosts, ${shown.columns.length} of ${model.controls.length} controls`;
  buildGrid();
  buildControls();
}

/* What somebody has to see to comes first, the worst before all; the rest as in the catalogue. */
function byNeed(one, other) {
  const need = ({ column, counts }) => (counts.f || counts.u ? 1 + model.severities.indexOf(model.controls[column].severity) : 0);
  return need(other) - need(one) || other.counts.f - one.counts.f || other.counts.u - one.counts.u || one.column - other.column;
}

function buildControls() {
  const line = ({ column, counts }) => {
    const control = model.controls[column];
    const figure = status => make('td', { class: `num ${counts[status] ? `sign ${status}` : 'soft'}` }, number(counts[status]));
    const name = link(`${control.id} ${control.title}`, () => showControl(column));
    return make('tr', {},
      make('th', { scope: 'row' }, name, counts.f ? make('div', { class: 'paper' }, control.remediation) : null),
      make('td', {}, control.severity), ['f', 'u', 'e', 'p'].map(figure));
  };
  document.querySelector('table.controls tbody').replaceChildren(
    ...shown.columns.map(column => ({ column, counts: tally(column) })).sort(byNeed).map(line));
}

/* Paper has no scrolling: what is not in order is listed, a line for each host. */
function buildPaper() {
  const named = (host, status) => shown.columns.filter(column => host.signs[column] === status).map(column => model.controls[column].id).join(' ');
  const bad = shown.hosts.filter(host => shown.columns.some(column => 'fue'.includes(host.signs[column])));
  const line = host => make('tr', {}, make('th', { scope: 'row' }, host.name), make('td', {}, host.state === 'judged' ? '' : host.state),
    ['f', 'u', 'e'].map(status => make('td', {}, named(host, status))));
  const heads = ['Host', 'State', 'Fail', 'Unknown', 'Excepted'].map(text => make('th', { scope: 'col' }, text));
  const given = Object.entries(filter).filter(([, value]) => value).map(([name, value]) => `${name} ${STATUS[value]?.word || value}`);
  document.getElementById('listing').replaceChildren(
    make('h2', { id: 'paper' }, 'Hosts with findings'),
    make('p', { class: 'soft' }, `${count.textContent}${given.length ? ` (${given.join(', ')})` : ''}; ${number(shown.hosts.length - bad.length)} of them without a finding.`),
    make('table', {}, make('thead', {}, make('tr', {}, heads)), make('tbody', {}, bad.map(line))));
}

function fillChoices() {
  const add = (name, values) => form.elements[name].append(...values.map(([value, text]) => make('option', { value }, text || value)));
  const distinct = list => [...new Set(list)].sort().map(value => [value]);
  add('group', distinct(model.hosts.flatMap(host => host.groups)));
  add('posture', distinct(model.hosts.map(host => host.posture)));
  add('state', distinct(model.hosts.map(host => host.state)));
  add('control', model.controls.map(control => [control.id, `${control.id} ${control.title}`]));
}

async function start() {
  const packed = document.getElementById('data');
  model = understand(await unpack(packed.textContent));
  packed.remove();
  fillChoices();
  setFilter(readAddress());
  form.addEventListener('input', () => setFilter(Object.fromEntries(new FormData(form))));
  form.addEventListener('reset', () => setFilter(NO_FILTER));
  form.addEventListener('submit', event => event.preventDefault());
  window.addEventListener('hashchange', () => setFilter(readAddress()));
  window.addEventListener('beforeprint', buildPaper);
  window.addEventListener('afterprint', () => document.getElementById('listing').replaceChildren());
  document.addEventListener('keydown', event => {
    if (event.key !== '/' || detail.open || /^(input|select)$/i.test(event.target.localName)) return;
    event.preventDefault();
    form.elements.host.focus();
  });
  document.documentElement.dataset.ready = 'yes';
}

start().catch(error => {
  count.textContent = `This browser cannot show the results (${error.message}). The same facts are in audit.csv beside this page.`;
});
