'use strict';
/* The results as the page holds them, and which of them are shown. */

const STATUS = {
  f: { word: 'fail', sign: '✕' },
  u: { word: 'unknown', sign: '?' },
  e: { word: 'excepted', sign: 'E' },
  p: { word: 'pass', sign: '✓' },
  n: { word: 'not applicable', sign: '·' },
  '-': { word: 'no result', sign: '' },
};
const NO_FILTER = { host: '', group: '', status: '', severity: '', control: '', posture: '', state: '', order: '' };

let model = { controls: [], hosts: [], severities: [], states: [] };
let filter = { ...NO_FILTER };
let shown = { hosts: [], columns: [] };

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), character => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).json();
}

function understand(data) {
  const text = number => data.texts[number];
  const host = ([name, groups, posture, state, facts, signs, outcomes, exceptions], index) => {
    const [reason, collected, digest, distribution, release, machine] = facts.map(text);
    return {
      index, name, groups: groups.map(text), posture: text(posture), state: data.states[state], signs, outcomes,
      reason, collected, digest, distribution, release, machine, exceptions, search: name.toLowerCase(),
    };
  };
  return { ...data, text, hosts: data.hosts.map(host) };
}

/* What one control came to on one host. */
function outcome(host, column) {
  const [message, ...pairs] = model.outcomes[host.outcomes[column]] || [];
  const evidence = [];
  for (let at = 0; at < pairs.length; at += 2) evidence.push([model.text(pairs[at]), model.text(pairs[at + 1])]);
  const exception = host.exceptions[column];
  return {
    status: host.signs[column],
    message: message === undefined ? 'There is no result.' : model.text(message),
    evidence,
    exception: exception === undefined ? null : model.exceptions[exception].map(model.text),
  };
}

function chosenColumns() {
  const floor = model.severities.indexOf(filter.severity);
  const wanted = control => (!filter.control || control.id === filter.control) && model.severities.indexOf(control.severity) >= floor;
  return model.controls.flatMap((control, column) => wanted(control) ? [column] : []);
}

function matches(host, columns) {
  return (!filter.host || host.search.includes(filter.host.trim().toLowerCase()))
    && (!filter.group || host.groups.includes(filter.group))
    && (!filter.posture || host.posture === filter.posture)
    && (!filter.state || host.state === filter.state)
    && (!filter.status || columns.some(column => host.signs[column] === filter.status));
}

/* How bad a host is: by its failures, the most severe first, then in the same way by what is unknown of it. */
function badness(host, columns) {
  return columns.reduce((sum, column) => {
    const place = { f: model.severities.length, u: 0 }[host.signs[column]];
    return place === undefined ? sum : sum + 64 ** (place + model.severities.indexOf(model.controls[column].severity));
  }, 0);
}

function choose() {
  const columns = chosenColumns();
  const hosts = model.hosts.filter(host => matches(host, columns));
  if (filter.order !== 'name') {
    const weight = new Map(hosts.map(host => [host, badness(host, columns)]));
    hosts.sort((one, other) => weight.get(other) - weight.get(one) || one.index - other.index);
  }
  shown = { hosts, columns };
}

/* How often each status stands in one column of the hosts that are shown. */
function tally(column) {
  const counts = { f: 0, u: 0, e: 0, p: 0, n: 0, '-': 0 };
  for (const host of shown.hosts) counts[host.signs[column]] += 1;
  return counts;
}

/* An element; what is given as text stays text. */
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(child => child !== null));
  return element;
}
