'use strict';
const channel = value => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const colour = text => { const parts = text.match(/[\d.]+/g).map(Number); return parts.length < 4 ? [...parts, 1] : parts; };
const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };

function background(element, view) {
  for (let at = element; at; at = at.parentElement) {
    const found = colour(view.getComputedStyle(at).backgroundColor);
    if (found[3] > 0) return found;
  }
  return [255, 255, 255, 1];
}

function ownText(element) {
  return [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
}

function measure(frame) {
  const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
  const visible = element => element.getClientRects().length > 0;
  const all = [...page.body.querySelectorAll('*')].filter(visible);
  const wide = all.filter(element => { const box = element.getBoundingClientRect(); return !element.closest('[role=grid] *') && (box.right > view.innerWidth + 0.5 || box.left < -0.5); });
  const faint = all.filter(ownText).map(element => {
    const style = view.getComputedStyle(element), drawing = element instanceof view.SVGElement;
    const ink = colour(drawing ? style.fill : style.color);
    return { text: element.textContent.trim().slice(0, 40), ratio: contrast(ink, background(element, view)) };
  }).filter(item => item.ratio < 4.5);
  const labels = all.filter(element => element.localName === 'text').map(element => ({ text: element.textContent, box: element.getBoundingClientRect(), svg: element.ownerSVGElement.getBoundingClientRect() }));
  const overlapping = [];
  labels.forEach((one, index) => {
    const out = one.box.left < one.svg.left - 1 || one.box.right > one.svg.right + 1 || one.box.bottom > one.svg.bottom + 1 || one.box.top < one.svg.top - 1;
    if (out) overlapping.push(one.text + ' leaves the picture');
    labels.slice(index + 1).forEach(other => {
      const apart = one.box.right <= other.box.left || other.box.right <= one.box.left || one.box.bottom <= other.box.top + 1 || other.box.bottom <= one.box.top + 1;
      if (!apart) overlapping.push(one.text + ' on ' + other.text);
    });
  });
  return {
    width: view.innerWidth, scroll: root.scrollWidth, wide: wide.map(element => element.localName + ': ' + element.textContent.trim().slice(0, 40)).slice(0, 5),
    faint: faint.slice(0, 10), overlapping, labels: labels.length,
    smallest: Math.min(99, ...labels.map(label => label.box.height)),
    dark: luminance(background(page.body, view)) < 0.2,
    headings: all.filter(element => /^h[1-6]$/.test(element.localName)).map(element => element.localName + ' ' + element.textContent.trim()),
    text: page.body.innerText, title: page.title, scripts: page.scripts.length, images: page.images.length,
    ids: [...page.querySelectorAll('[id]')].map(element => element.id),
    named: [...page.querySelectorAll('svg[role=img]')].every(svg => (svg.getAttribute('aria-labelledby') || '').split(' ').every(id => page.getElementById(id))),
    loaded: view.performance.getEntriesByType('resource').map(entry => entry.name),
  };
}
