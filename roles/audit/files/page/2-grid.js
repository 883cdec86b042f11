/* The grid: only the rows in sight are there, however many hosts there are. */

const ROW = 28;
const HEAD = 74;
const CELL = 27;
const SPARE = 6;
const grid = document.getElementById('grid');
/* The cursor: row -1 is the head, column 0 is the host's name. */
const cursor = { row: 0, column: 0 };
let body = null;
let rows = [];

function buildGrid() {
  const columns = shown.columns;
  const head = make('div', { role: 'row', class: 'row head', 'aria-rowindex': 1 },
    make('div', { role: 'columnheader', class: 'name', id: 'cell--1-0', 'aria-colindex': 1 }, 'Host'),
    columns.map((column, at) => make('div', {
      role: 'columnheader', class: `cell ${model.controls[column].severity}`, id: `cell--1-${at + 1}`, 'aria-colindex': at + 2,
      title: `${model.controls[column].title} (${model.controls[column].severity})`,
    }, make('span', {}, model.controls[column].id))));
  body = make('div', { role: 'rowgroup', class: 'body' });
  body.style.height = `${shown.hosts.length * ROW}px`;
  grid.style.height = `min(70vh, ${HEAD + shown.hosts.length * ROW + 18}px)`;
  grid.style.setProperty('--columns', columns.length);
  fitNames();
  grid.setAttribute('aria-rowcount', shown.hosts.length + 1);
  grid.setAttribute('aria-colcount', columns.length + 1);
  grid.replaceChildren(head, body);
  grid.scrollTop = 0;
  rows = [];
  cursor.row = Math.min(0, shown.hosts.length - 1);
  cursor.column = Math.min(cursor.column, columns.length);
  drawRows();
}

/* Where there is room, whole names. */
function fitNames() {
  const least = matchMedia('(max-width: 719px)').matches ? 132 : 260;
  const room = grid.clientWidth - shown.columns.length * CELL;
  grid.style.setProperty('--name', `${Math.max(least, Math.min(520, room))}px`);
}

function drawRows() {
  const inSight = Math.ceil(Math.max(grid.clientHeight, 200) / ROW) + 2 * SPARE;
  const first = Math.max(0, Math.floor(grid.scrollTop / ROW) - SPARE);
  const last = Math.min(shown.hosts.length, first + inSight);
  while (rows.length < Math.min(inSight, shown.hosts.length)) {
    rows.push({ row: -1, element: body.appendChild(emptyRow()) });
  }
  /* Row n lives in the element n modulo their number: a row that stays in sight is left alone. */
  for (let row = first; row < last; row += 1) {
    const slot = rows[row % rows.length];
    if (slot.row !== row) fillRow(slot, row);
  }
  showCursor();
}

function emptyRow() {
  return make('div', { role: 'row', class: 'row' },
    make('div', { role: 'rowheader', class: 'name', 'aria-colindex': 1 }),
    shown.columns.map((column, at) => make('div', { role: 'gridcell', class: 'cell', 'aria-colindex': at + 2 })));
}

function fillRow(slot, row) {
  const host = shown.hosts[row];
  const [name, ...cells] = slot.element.children;
  slot.row = row;
  slot.element.style.transform = `translateY(${row * ROW}px)`;
  slot.element.setAttribute('aria-rowindex', row + 2);
  name.id = `cell-${row}-0`;
  name.textContent = host.name;
  name.title = host.name;
  name.className = host.state === 'judged' ? 'name' : 'name missing';
  cells.forEach((cell, at) => {
    const status = host.signs[shown.columns[at]];
    cell.id = `cell-${row}-${at + 1}`;
    cell.textContent = STATUS[status].sign;
    cell.className = `cell sign ${status === '-' ? 'n' : status}${filter.status && status !== filter.status ? ' dim' : ''}`;
    cell.setAttribute('aria-label', `${host.name}, ${model.controls[shown.columns[at]].id}: ${STATUS[status].word}`);
  });
}

function showCursor() {
  for (const old of grid.querySelectorAll('.cursor')) old.classList.remove('cursor');
  const cell = document.getElementById(`cell-${cursor.row}-${cursor.column}`);
  if (cell) {
    cell.classList.add('cursor');
    grid.setAttribute('aria-activedescendant', cell.id);
  } else {
    grid.removeAttribute('aria-activedescendant');
  }
}

/* Bring the cursor into sight, beside the head and the names, which stay where they are. */
function reveal() {
  const head = grid.firstElementChild.offsetHeight;
  const top = cursor.row * ROW;
  const room = grid.clientHeight - head - ROW;
  if (cursor.row >= 0) grid.scrollTop = Math.min(top, Math.max(grid.scrollTop, top - room));
  drawRows();
  if (cursor.column === 0) grid.scrollLeft = 0;
  const cell = document.getElementById(`cell-${cursor.row}-${cursor.column}`);
  if (!cell || cursor.column === 0) return;
  const names = grid.firstElementChild.firstElementChild.offsetWidth;
  const left = cell.offsetLeft - names;
  grid.scrollLeft = Math.min(left, Math.max(grid.scrollLeft, cell.offsetLeft + cell.offsetWidth - grid.clientWidth));
}

function moveTo(row, column) {
  cursor.row = Math.max(-1, Math.min(shown.hosts.length - 1, row));
  cursor.column = Math.max(0, Math.min(shown.columns.length, column));
  reveal();
}

const PAGE_ROWS = () => Math.max(1, Math.floor(grid.clientHeight / ROW) - 3);
const MOVES = {
  ArrowUp: () => moveTo(cursor.row - 1, cursor.column),
  ArrowDown: () => moveTo(cursor.row + 1, cursor.column),
  ArrowLeft: () => moveTo(cursor.row, cursor.column - 1),
  ArrowRight: () => moveTo(cursor.row, cursor.column + 1),
  PageUp: () => moveTo(Math.max(0, cursor.row - PAGE_ROWS()), cursor.column),
  PageDown: () => moveTo(cursor.row + PAGE_ROWS(), cursor.column),
  Home: event => moveTo(event.ctrlKey ? 0 : cursor.row, 0),
  End: event => moveTo(event.ctrlKey ? shown.hosts.length - 1 : cursor.row, shown.columns.length),
  Enter: () => open(cursor.row, cursor.column),
  ' ': () => open(cursor.row, cursor.column),
};

grid.addEventListener('keydown', event => {
  const move = MOVES[event.key];
  if (!move || event.altKey || event.metaKey) return;
  event.preventDefault();
  move(event);
});

grid.addEventListener('click', event => {
  const cell = event.target.closest('[id^="cell-"]');
  if (!cell) return;
  const [, row, column] = cell.id.match(/^cell-(-?\d+)-(\d+)$/).map(Number);
  moveTo(row, column);
  open(row, column);
});

let drawing = 0;
grid.addEventListener('scroll', () => {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(drawRows);
});
new ResizeObserver(() => {
  if (!body) return;
  fitNames();
  drawRows();
}).observe(grid);
