// report: draws the timeline of report.html: phases, availability strips, latency, event lanes; one
// shared x-axis for all of them. Input is the JSON of html_data.cpp, with its words in another language
// than English. Text goes in by textContent only.
(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const host = document.getElementById('timeline');
  const readout = document.getElementById('readout');
  const probes = data.probes || [], marks = data.marks || [], phases = data.phases || [], faults = data.faults || [];
  const words = data.words || {};
  const say = text => words[text] || text;
  const comma = document.documentElement.lang === 'de';
  const fixed = (value, digits) => comma ? value.toFixed(digits).replace('.', ',') : value.toFixed(digits);
  const OUTCOMES = ['ok', 'degraded', 'failed', 'timeout', 'missed by us', 'indeterminate'].map(say);
  const DASH = [[], [7, 4], [2, 3]];
  const full = [0, Math.max(data.duration, 1)];
  let range = full.slice();
  let plot = null;

  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const SVG = 'http://www.w3.org/2000/svg';
  function el(parent, name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  }
  function div(parent, className, text) {
    const node = document.createElement('div');
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  }
  function duration(ms) {
    const a = Math.abs(ms);
    if (a < 10) return fixed(ms, 1) + ' ms';
    if (a < 1000) return Math.round(ms) + ' ms';
    if (a < 59950) return fixed(ms / 1000, 1) + ' s';
    const tenths = Math.round(a / 100);
    return Math.floor(tenths / 600) + ' min ' + fixed((tenths % 600) / 10, 1).padStart(4, '0') + ' s';
  }

  // ---- geometry: every panel shares it ----
  const narrow = () => host.clientWidth < 560;
  const left = () => narrow() ? 60 : 62;
  const right = 14;
  const plotWidth = () => Math.max(host.clientWidth - left() - right, 40);
  const x = ms => left() + (ms - range[0]) / (range[1] - range[0]) * plotWidth();
  const at = px => range[0] + (px - left()) / plotWidth() * (range[1] - range[0]);
  const clampX = px => Math.min(Math.max(px, left()), left() + plotWidth());
  const visible = (a, b) => b >= range[0] && a <= range[1];
  const measure = document.createElement('canvas').getContext('2d');
  measure.font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  const textWidth = text => measure.measureText(text).width;
  function fit(text, width) {
    if (textWidth(text) <= width) return text;
    while (text.length > 1 && textWidth(text + '…') > width) text = text.slice(0, -1);
    return text.length > 1 ? text + '…' : '';
  }

  // Each kind of bad has its own pattern, so that it does not need its colour.
  function patterns(svg) {
    const defs = el(svg, 'defs');
    const pattern = (id, size, draw) => {
      const p = el(defs, 'pattern', {id, width: size, height: size, patternUnits: 'userSpaceOnUse'});
      draw(p);
    };
    pattern('timeout', 7, p => {
      el(p, 'rect', {width: 7, height: 7, fill: css('--bad')});
      el(p, 'path', {d: 'M-1,1 l2,-2 M0,7 l7,-7 M6,8 l2,-2', stroke: css('--panel'), 'stroke-width': 1.6, opacity: .75});
    });
    pattern('indeterminate', 6, p => {
      el(p, 'rect', {width: 6, height: 6, fill: css('--warn')});
      el(p, 'circle', {cx: 3, cy: 3, r: 1.4, fill: css('--panel')});
    });
    pattern('missed', 6, p => {
      el(p, 'rect', {width: 6, height: 6, fill: css('--soft')});
      el(p, 'path', {d: 'M0,3 h6', stroke: css('--muted'), 'stroke-width': 1});
    });
  }
  const FILL = () => [css('--good'), css('--warn'), css('--bad'), 'url(#timeout)', 'url(#missed)', 'url(#indeterminate)'];

  function svgPanel(parent, height) {
    const svg = el(parent, 'svg', {width: host.clientWidth, height, viewBox: `0 0 ${host.clientWidth} ${height}`});
    patterns(svg);
    return svg;
  }
  function shade(svg, height) {
    for (const f of faults)
      if (visible(f.begin, f.end))
        el(svg, 'rect', {x: clampX(x(f.begin)), y: 0, width: Math.max(clampX(x(f.end)) - clampX(x(f.begin)), 1), height, fill: css('--shade')});
  }

  // ---- phases ----
  function drawPhases(parent) {
    const svg = svgPanel(parent, 48);
    el(svg, 'text', {x: 10, y: 11, class: 'quiet'}, say('phases: until …'));
    phases.forEach((p, i) => {
      if (!visible(p.begin, p.end)) return;
      const a = clampX(x(p.begin)), b = clampX(x(p.end));
      el(svg, 'rect', {x: a, y: 18, width: Math.max(b - a, 1), height: 24, fill: css(i % 2 ? '--phase-a' : '--phase-b')});
      const label = fit(p.name, b - a - 10);
      if (b - a > 24 && label) el(svg, 'text', {x: a + 5, y: 34}, label);
    });
    if (data.down !== null && data.down !== undefined) {
      const a = clampX(x(data.down)), b = clampX(x(data.up === null ? full[1] : data.up));
      if (b > a) el(svg, 'path', {d: `M${a},46 H${b}`, stroke: css('--bad'), 'stroke-width': 3});
    }
  }

  // ---- availability ----
  function drawStrips(parent, list, title) {
    if (!list.length) return;
    const row = 30, svg = svgPanel(parent, list.length * row + 20);
    el(svg, 'text', {x: 10, y: 13, class: 'quiet'}, title);
    shade(svg, list.length * row + 20);
    const fills = FILL();
    list.forEach((probe, i) => {
      const y = 20 + i * row;
      el(svg, 'text', {x: left(), y: y + 9}, probe.name + (probe.merged ? ' ' + say('(changes joined)') : ''));
      const pixels = new Map();  // spans that share a pixel are drawn once, the worst of them
      for (const s of probe.spans) {
        if (!visible(s[0], s[1])) continue;
        const a = clampX(x(s[0])), b = clampX(x(s[1]));
        if (b - a < .7) {
          const key = Math.floor(a), old = pixels.get(key);
          if (old === undefined || s[2] === 2 || s[2] === 3) pixels.set(key, s[2]);
          continue;
        }
        const good = s[2] === 0;
        el(svg, 'rect', {x: a, y: good ? y + 18 : y + 13, width: b - a + .3, height: good ? 3 : 13, fill: fills[s[2]]});
      }
      for (const [px, outcome] of pixels) {
        const good = outcome === 0;
        el(svg, 'rect', {x: px, y: good ? y + 18 : y + 13, width: 1.6, height: good ? 3 : 13, fill: fills[outcome]});
      }
    });
  }

  // ---- events ----
  function glyph(svg, severity, cx, cy) {
    const c = css(severity === 'bad' ? '--bad' : severity === 'warn' ? '--warn' : severity === 'good' ? '--good' : '--accent');
    if (severity === 'bad') el(svg, 'path', {d: `M${cx - 4},${cy - 4} l8,8 M${cx + 4},${cy - 4} l-8,8`, stroke: c, 'stroke-width': 2.4, fill: 'none'});
    else if (severity === 'warn') el(svg, 'path', {d: `M${cx},${cy - 5} l5,5 l-5,5 l-5,-5 z`, fill: c});
    else if (severity === 'good') el(svg, 'path', {d: `M${cx - 5},${cy + 4} l5,-9 l5,9 z`, fill: c});
    else el(svg, 'circle', {cx, cy, r: 3.6, fill: css('--panel'), stroke: c, 'stroke-width': 2});
  }
  const SEVERITY = ['info', 'good', 'warn', 'bad'];
  const laneRank = name => ['fault', 'operator', 'run'].indexOf(name) + 1 || (name.startsWith('drbd') ? 4 : 5);
  // A lane is "fault", or "node" and a name.
  const laneName = lane => lane.startsWith('node ') ? say('node') + lane.slice(4) : say(lane);
  const lanes = [...new Set(marks.map(m => m.lane))].sort((a, b) => laneRank(a) - laneRank(b) || a.localeCompare(b));
  function drawLanes(parent) {
    if (!lanes.length) return;
    const row = 37, height = lanes.length * row + 6, svg = svgPanel(parent, height);
    shade(svg, height);
    lanes.forEach((lane, i) => {
      const y = i * row, list = marks.filter(m => m.lane === lane && visible(m.at, m.at));
      el(svg, 'text', {x: 10, y: y + 12, class: 'quiet'}, laneName(lane));
      el(svg, 'path', {d: `M${left()},${y + 24} H${left() + plotWidth()}`, stroke: css('--line')});
      const clusters = [];  // marks too close to be told apart share one label
      for (const m of list) {
        const px = x(m.at), last = clusters[clusters.length - 1];
        if (last && px - last.end < 11) { last.marks.push(m); last.end = px; }
        else clusters.push({begin: px, end: px, marks: [m]});
      }
      clusters.forEach((c, k) => {
        const next = k + 1 < clusters.length ? clusters[k + 1].begin - 9 : left() + plotWidth();
        const worst = c.marks.reduce((a, b) => SEVERITY.indexOf(b.severity) > SEVERITY.indexOf(a.severity) ? b : a);
        const more = c.marks.length > 1 ? ' +' + (c.marks.length - 1) : '';
        const room = next - c.end - 10;
        const text = fit(worst.text, room - textWidth(more));
        if (text.length > 5) el(svg, 'text', {x: c.end + 9, y: y + 28}, text + more);
        for (const m of c.marks) glyph(svg, m.severity, x(m.at), y + 24);
      });
    });
  }

  // ---- latency ----
  const timed = probes.filter(p => p.low);
  // A bucket in which nobody asked is no gap: the library draws over what is undefined, and not over null.
  // What failed within the bucket of a good answer lies before or after it, not between two.
  function unasked(probe) {
    const reach = Math.ceil(1.5 * probe.period / data.bucket);
    const failed = (a, b) => probe.spans.some(s => s[2] !== 0 && s[1] > (a + 1) * data.bucket && s[0] < b * data.bucket);
    const found = new Set();
    let last = -1;
    probe.low.forEach((value, i) => {
      if (value === null) return;
      if (last >= 0 && i - last > 1 && i - last <= reach && !failed(last, i)) for (let k = last + 1; k < i; k++) found.add(k);
      last = i;
    });
    return found;
  }
  // Once: zooming asks for the same again.
  const latency = [[]];
  for (let i = 0; i < data.buckets; i++) latency[0].push((i + .5) * data.bucket / 1000);
  for (const p of timed) {
    const skipped = unasked(p);
    const line = values => values.map((v, i) => skipped.has(i) ? undefined : p.low[i] === null ? null : v);
    latency.push(line(p.high), line(p.low));
  }
  const colour = i => css('--s' + i % 3);
  function alpha(hex, a) {
    const n = parseInt(hex.slice(1), 16);
    return `rgba(${n >> 16 & 255}, ${n >> 8 & 255}, ${n & 255}, ${a})`;
  }
  function drawLatency(parent) {
    if (!timed.length || typeof uPlot === 'undefined') return;
    const legend = div(parent, 'legend');
    div(legend, '', say('latency of good answers, smallest to largest, log scale'));
    timed.forEach((p, i) => {
      const item = div(legend, '');
      const svg = el(item, 'svg', {viewBox: '0 0 26 12'});
      el(svg, 'path', {d: 'M0,6 H26', stroke: colour(i), 'stroke-width': 2.2, 'stroke-dasharray': DASH[i % 3].join(' ')});
      item.appendChild(document.createTextNode(p.name));
    });
    const box = div(parent, '');
    const series = [{}], bands = [];
    timed.forEach((p, i) => {
      const gaps = {spanGaps: false, points: {show: false}};
      series.push({stroke: () => colour(i), width: 1.5, dash: DASH[i % 3], ...gaps});
      series.push({stroke: () => alpha(colour(i), .35), width: 1, ...gaps});
      bands.push({series: [1 + 2 * i, 2 + 2 * i], fill: () => alpha(colour(i), .16)});
    });
    const axis = {stroke: () => css('--muted'), grid: {stroke: () => css('--line'), width: 1}, ticks: {stroke: () => css('--line'), width: 1}, font: '12px system-ui, sans-serif'};
    plot = new uPlot({
      width: host.clientWidth, height: narrow() ? 190 : 230, padding: [8, right, 0, 0],
      legend: {show: false}, cursor: {show: false}, select: {show: false},
      scales: {x: {time: false, range: () => [range[0] / 1000, range[1] / 1000]}, y: {distr: 3}},
      axes: [
        {...axis, size: 30, values: (u, ticks) => ticks.map(v => (comma ? String(v).replace('.', ',') : v) + ' s')},
        {...axis, size: left(), values: (u, ticks) => ticks.map(v => v === null || !/^1|^[25]0*$/.test(String(v)) || !Number.isInteger(Math.log10(v)) ? '' : v >= 1000 ? v / 1000 + ' s' : v + ' ms')},
      ],
      series, bands,
      hooks: {drawClear: [u => {
        const ctx = u.ctx;
        ctx.save();
        ctx.fillStyle = css('--shade');
        for (const f of faults) {
          const a = Math.max(u.valToPos(f.begin / 1000, 'x', true), u.bbox.left);
          const b = Math.min(u.valToPos(f.end / 1000, 'x', true), u.bbox.left + u.bbox.width);
          if (b > a) ctx.fillRect(a, u.bbox.top, b - a, u.bbox.height);
        }
        ctx.restore();
      }]},
    }, latency, box);
  }

  // ---- all of it ----
  let cursor, select;
  function draw() {
    if (plot) { plot.destroy(); plot = null; }
    host.textContent = '';
    const service = probes.filter(p => p.service), others = probes.filter(p => !p.service && p.name.startsWith('node.'));
    drawPhases(host);
    drawStrips(host, service, say('what users got'));
    drawLatency(host);
    drawLanes(host);
    drawStrips(host, others, say('which nodes answered'));
    const key = div(host, 'legend');
    const fills = FILL();
    const seen = new Set();
    for (const p of probes) for (const s of p.spans) seen.add(s[2]);
    [...seen].sort().forEach(o => {
      const item = div(key, ''), svg = el(item, 'svg', {viewBox: '0 0 26 12'});
      patterns(svg);
      el(svg, 'rect', {x: 0, y: o === 0 ? 5 : 0, width: 26, height: o === 0 ? 3 : 12, fill: fills[o]});
      item.appendChild(document.createTextNode(OUTCOMES[o]));
    });
    cursor = div(host, 'cursor'); cursor.hidden = true;
    select = div(host, 'select'); select.hidden = true;
    for (const b of document.querySelectorAll('[data-range]')) b.setAttribute('aria-pressed', String(same(rangeOf(b.dataset.range), range)));
  }
  const same = (a, b) => a && Math.abs(a[0] - b[0]) < 1 && Math.abs(a[1] - b[1]) < 1;
  function rangeOf(name) {
    const pad = (a, b) => { const m = Math.max((b - a) * .12, 1000); return [Math.max(0, a - m), Math.min(full[1], b + m)]; };
    if (name === 'outage') return typeof data.down === 'number' ? pad(data.down, typeof data.up === 'number' ? data.up : full[1]) : null;
    if (name === 'fault') return faults.length ? pad(faults[0].begin, faults[0].end) : null;
    return full.slice();
  }
  function zoom(a, b) {
    if (b - a < 50) return;
    range = [Math.max(full[0], a), Math.min(full[1], b)];
    draw();
  }

  function spanAt(probe, ms) {
    let lo = 0, hi = probe.spans.length - 1;
    while (lo <= hi) {
      const mid = (lo + hi) >> 1, s = probe.spans[mid];
      if (ms < s[0]) hi = mid - 1; else if (ms >= s[1]) lo = mid + 1; else return s;
    }
    return null;
  }
  function item(parent, strong, text) {
    const node = document.createElement('span');
    node.className = 'item';
    const b = document.createElement('b');
    b.textContent = strong;
    node.appendChild(b);
    node.appendChild(document.createTextNode(' ' + text));
    parent.appendChild(node);
  }
  function show(ms) {
    readout.textContent = '';
    const first = div(readout);
    item(first, fixed(ms / 1000, 2) + ' s', '');
    if (faults.length) item(first, duration(ms - faults[0].begin), say(ms >= faults[0].begin ? 'after the fault' : 'before the fault'));
    const phase = phases.find(p => ms >= p.begin && ms < p.end);
    if (phase) item(first, say('until') + ' ' + phase.name, '(' + duration(phase.end - phase.begin) + ')');
    const second = div(readout);
    for (const p of probes) {
      if (!p.service) continue;
      const s = spanAt(p, ms);
      if (!s) continue;
      const bucket = Math.min(Math.floor(ms / data.bucket), data.buckets - 1);
      const low = p.low && p.low[bucket], high = p.high && p.high[bucket];
      item(second, p.name, OUTCOMES[s[2]] + (s[2] < 2 && low !== null ? ' ' + duration(low) + (high - low > .05 * low ? ' – ' + duration(high) : '') : ''));
    }
    const reach = (range[1] - range[0]) / plotWidth() * 9;
    const near = marks.filter(m => Math.abs(m.at - ms) < reach).sort((a, b) => Math.abs(a.at - ms) - Math.abs(b.at - ms)).slice(0, 5);
    const third = div(readout);
    for (const m of near.sort((a, b) => a.at - b.at)) item(third, laneName(m.lane), fixed(m.at / 1000, 2) + ' s ' + m.text);
  }

  let dragFrom = null;
  const px = event => clampX(event.clientX - host.getBoundingClientRect().left);
  host.addEventListener('pointermove', event => {
    const p = px(event);
    cursor.hidden = false; cursor.style.left = p + 'px';
    if (dragFrom !== null) {
      select.hidden = Math.abs(p - dragFrom) < 4;
      select.style.left = Math.min(p, dragFrom) + 'px';
      select.style.width = Math.abs(p - dragFrom) + 'px';
    }
    show(at(p));
  });
  host.addEventListener('pointerdown', event => { if (event.button === 0) { dragFrom = px(event); show(at(dragFrom)); } });
  window.addEventListener('pointerup', event => {
    if (dragFrom === null) return;
    const p = px(event), from = dragFrom;
    dragFrom = null; select.hidden = true;
    if (Math.abs(p - from) > 8) zoom(at(Math.min(p, from)), at(Math.max(p, from)));
  });
  window.addEventListener('pointercancel', () => { dragFrom = null; select.hidden = true; });
  host.addEventListener('pointerleave', () => { cursor.hidden = true; });
  host.addEventListener('dblclick', () => zoom(full[0], full[1]));
  for (const button of document.querySelectorAll('[data-range]')) {
    if (!rangeOf(button.dataset.range)) { button.remove(); continue; }
    button.addEventListener('click', () => { const r = rangeOf(button.dataset.range); zoom(r[0], r[1]); });
  }
  document.querySelector('.tools').hidden = false;
  let width = 0, timer = 0;
  new ResizeObserver(() => {
    if (host.clientWidth === width) return;
    width = host.clientWidth;
    clearTimeout(timer);
    timer = setTimeout(draw, 60);
  }).observe(host);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  matchMedia('print').addEventListener('change', draw);
  width = host.clientWidth;
  draw();
  show(typeof data.down === 'number' ? data.down : 0);
}());
