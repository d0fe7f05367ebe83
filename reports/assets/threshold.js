// threshold: draws the curve of threshold.html: what each run measured at its level, and whether it
// held. Input is the JSON of suite_html.cpp. Text goes in by textContent only.
(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const translated = data.words || {};
  const say = text => translated[text] || text;
  const comma = document.documentElement.lang === 'de';
  const brief = value => comma ? String(Number(value.toPrecision(3))).replace('.', ',') : Number(value.toPrecision(3));
  const host = document.getElementById('curve');
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = () => host.clientWidth < 560;
  let plots = [];

  // Position along the range: 0 is harmless, 1 is the worst, whichever way the values run.
  const scaled = v => data.log ? Math.log(v) : v;
  const place = v => (scaled(v) - scaled(data.first)) / (scaled(data.last) - scaled(data.first));
  function units(list, v) {
    let best = list[0];
    for (const u of list) if (v >= u[0]) best = u;
    return brief(v / best[0]) + ' ' + best[1];
  }
  function words(v) {
    if (data.kind === 'duration') return units([[1, 'ns'], [1e3, 'µs'], [1e6, 'ms'], [1e9, 's']], v);
    if (data.kind === 'bytes') return units([[1, 'B'], [1024, 'KiB'], [1048576, 'MiB'], [1073741824, 'GiB']], v);
    if (data.kind === 'bitrate') return units([[1, 'bit/s'], [1e3, 'kbit/s'], [1e6, 'Mbit/s'], [1e9, 'Gbit/s']], v);
    if (data.kind === 'percent') return brief(v) + ' %';
    if (data.kind === 'frequency') return brief(v) + ' Hz';
    return String(Number(v.toPrecision(4)));
  }
  const valueAt = p => {
    const v = scaled(data.first) + p * (scaled(data.last) - scaled(data.first));
    return data.log ? Math.exp(v) : v;
  };

  // Shape and colour: a held run is a ring, a broken one a cross, one that does not count a square.
  function mark(ctx, outcome, x, y, r) {
    ctx.setLineDash([]);  // the line behind it is dashed
    ctx.lineWidth = r * .45;
    ctx.strokeStyle = css(outcome === 'held' ? '--good' : outcome === 'broke' ? '--bad' : '--warn');
    ctx.beginPath();
    if (outcome === 'held') ctx.arc(x, y, r, 0, 2 * Math.PI);
    else if (outcome === 'broke') { ctx.moveTo(x - r, y - r); ctx.lineTo(x + r, y + r); ctx.moveTo(x + r, y - r); ctx.lineTo(x - r, y + r); }
    else ctx.rect(x - r * .8, y - r * .8, r * 1.6, r * 1.6);
    ctx.stroke();
  }

  function legend() {
    const box = document.createElement('div');
    box.className = 'legend';
    for (const [outcome, text] of [['held', 'held'], ['broke', 'broke'], ['unclear', 'does not count']]) {
      if (!data.runs.some(r => r.outcome === outcome)) continue;
      const item = document.createElement('div'), canvas = document.createElement('canvas');
      const ratio = window.devicePixelRatio || 1;
      canvas.width = canvas.height = 14 * ratio;
      canvas.style.cssText = 'width:14px;height:14px;vertical-align:-2px;margin-right:5px';
      mark(canvas.getContext('2d'), outcome, 7 * ratio, 7 * ratio, 4.5 * ratio);
      item.appendChild(canvas);
      item.appendChild(document.createTextNode(say(text)));
      box.appendChild(item);
    }
    host.appendChild(box);
  }

  // The middle of the runs at each level, as a line behind the single runs.
  function middle(points) {
    const at = new Map();
    for (const p of points) { if (!at.has(p.x)) at.set(p.x, []); at.get(p.x).push(p.y); }
    return [...at.entries()].sort((a, b) => a[0] - b[0]).map(([x, ys]) => {
      ys.sort((a, b) => a - b);
      const h = ys.length >> 1;
      return [x, ys.length % 2 ? ys[h] : (ys[h - 1] + ys[h]) / 2];
    });
  }

  function panel(title, key, unit) {
    const points = data.runs.filter(r => r[key] !== null).map(r => ({x: place(r.x), y: r[key], outcome: r.outcome}));
    if (!points.length) return;
    const caption = document.createElement('div');
    caption.className = 'legend';
    caption.textContent = title;
    host.appendChild(caption);
    const box = document.createElement('div');
    host.appendChild(box);
    const line = middle(points);
    const top = Math.max(...points.map(p => p.y)) * 1.12 || 1;
    const axis = {stroke: () => css('--muted'), grid: {stroke: () => css('--line'), width: 1}, ticks: {stroke: () => css('--line'), width: 1}, font: '12px system-ui, sans-serif'};
    plots.push(new uPlot({
      width: host.clientWidth, height: narrow() ? 180 : 220, padding: [8, 22, 0, 0],
      legend: {show: false}, cursor: {show: false}, select: {show: false},
      scales: {x: {time: false, range: [-.03, 1.03]}, y: {range: [0, top]}},
      axes: [
        {...axis, size: 32, splits: () => narrow() ? [0, .5, 1] : [0, .25, .5, .75, 1], values: (u, ticks) => ticks.map(t => words(valueAt(t)))},
        {...axis, size: 62, values: (u, ticks) => ticks.map(t => unit(t))},
      ],
      series: [{}, {stroke: () => css('--accent'), width: 1.5, dash: [4, 3], points: {show: false}}],
      hooks: {
        drawClear: [u => {
          if (data.held === null && data.failed === null) return;
          const a = u.valToPos(data.held === null ? 0 : place(data.held), 'x', true);
          const b = u.valToPos(data.failed === null ? 1 : place(data.failed), 'x', true);
          u.ctx.save();
          u.ctx.fillStyle = css('--shade');
          u.ctx.fillRect(Math.min(a, b), u.bbox.top, Math.max(Math.abs(b - a), 2), u.bbox.height);
          u.ctx.restore();
        }],
        draw: [u => {
          u.ctx.save();
          const r = 5 * (window.devicePixelRatio || 1);
          for (const p of points) mark(u.ctx, p.outcome, u.valToPos(p.x, 'x', true), u.valToPos(p.y, 'y', true), r);
          u.ctx.restore();
        }],
      },
    }, [line.map(p => p[0]), line.map(p => p[1])], box));
  }

  function draw() {
    for (const plot of plots) plot.destroy();
    plots = [];
    host.textContent = '';
    legend();
    panel(say('bad answers while the fault was in effect, by') + ' ' + data.vary, 'rate', t => brief(t) + ' %');
    panel(say('p99 of the good answers in that time, by') + ' ' + data.vary, 'p99', t => t >= 1000 ? brief(t / 1000) + ' s' : brief(t) + ' ms');
    if (!plots.length) {
      const nothing = document.createElement('div');
      nothing.className = 'legend';
      nothing.textContent = say('no run measured anything while the fault was in effect');
      host.appendChild(nothing);
    }
  }
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
}());
