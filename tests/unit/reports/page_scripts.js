// page_scripts: runs the scripts of a report's page without a browser: usage: node page_scripts.js PAGE
// Prints how many charts were drawn, how many points they have, and how many of them have no neighbour that a line could
// lead to (of a point alone nothing is drawn), and how often a line is broken; any error of a script is ours.
'use strict';
const fs = require('fs');
const vm = require('vm');
const page = fs.readFileSync(process.argv[2], 'utf8');
const data = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(page)[1];
const code = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(match => match[1]).join('\n;\n');

// What stands for every element and context: takes everything, and has a size.
function anything(more = {}) {
  const own = {clientWidth: 900, clientHeight: 600, width: 900, height: 600, dataset: {}, style: {}, children: [], textContent: '', ...more};
  return new Proxy(function () {}, {
    get: (_, key) => key in own ? own[key] : key === Symbol.toPrimitive ? () => 0 : key === Symbol.iterator ? function* () {} : anything(),
    set: (_, key, value) => { own[key] = value; return true; },
    apply: () => anything(),
    construct: () => anything(),
  });
}
let charts = 0, points = 0, alone = 0, gaps = 0;
// Instead of the library's: whether it is asked to draw is the page's business, drawing is not.
function uPlot(options, series) {
  ++charts;
  points += series[0].length;
  for (const values of series.slice(1)) {
    const seen = Array.from(values).filter(value => value !== undefined);
    seen.forEach((value, i) => { if (value !== null && (seen[i - 1] ?? null) === null && (seen[i + 1] ?? null) === null) ++alone; });
    const first = seen.findIndex(value => value !== null);
    seen.forEach((value, i) => { if (i > first && value !== null && seen[i - 1] === null) ++gaps; });
  }
  for (const draw of Object.values(options.hooks || {}).flat()) draw(anything({bbox: {left: 0, top: 0, width: 900, height: 200}, valToPos: () => 1, posToVal: () => 1}));
  for (const axis of options.axes || []) if (axis.values) axis.values(anything(), [0, .5, 1]);
  return anything();
}
const world = {
  document: anything({getElementById: id => id === 'data' ? {textContent: data} : anything(), documentElement: anything({lang: 'en'}), querySelectorAll: () => []}),
  getComputedStyle: () => ({getPropertyValue: () => '#000'}),
  ResizeObserver: class { observe() {} }, matchMedia: () => anything({matches: false}), addEventListener() {},
  setTimeout: () => 0, clearTimeout() {}, requestAnimationFrame: () => 0, devicePixelRatio: 1, innerWidth: 900, navigator: anything(), console,
};
world.window = world;
world.globalThis = world;
// The page brings the library; only ours is run.
const own = code.slice(code.lastIndexOf('\n;\n') + 3);
world.uPlot = uPlot;
vm.runInNewContext(own, world, {filename: process.argv[2]});
console.log(charts + ' charts, ' + points + ' points, ' + alone + ' alone, ' + gaps + ' gaps');
