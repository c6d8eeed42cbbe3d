// Draws the dashboard that the address asks for: ?dashboard=NAME, and if need be &to=SECONDS&range=SECONDS&width=PIXELS,
// &step=SECONDS between two points, which is how often Prometheus scrapes, &refresh=SECONDS to begin anew that often, and
// &var-NAME=VALUE for a variable, several times for several values.
//
// When all is drawn, it says so on the console as `drawn: ` with the list of errors, which a script expects to be empty.
import { createTheme, dateTime, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { load, Panel } from './panels.jsx';
import { NOW, RANGE, STEP } from './prometheus.js';
import { fill as fillIn, resolve } from './variables.js';

const ROW = 38, GAP = 8, SETTLE = 1500; // pixels of a row of the grid and between panels; milliseconds to paint
const errors = [];
const address = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: 'dark' } });
const timeRange = { from: dateTime((NOW - RANGE) * 1000), to: dateTime(NOW * 1000), raw: { from: 'now-1h', to: 'now' } };
const report = (where, error) => errors.push(`${where}: ${error?.stack?.slice(0, 400) ?? error}`);

const chosen = {};
for (const [key, value] of address) {
  if (key.startsWith('var-') && value) (chosen[key.slice(4)] ??= []).push(value);
}

function choose(name, value) {
  address.delete(`var-${name}`);
  if (value) address.set(`var-${name}`, value);
  location.search = address;
}

function Variable({ name, label, options, picked }) {
  return (
    <label style={{ display: 'flex', border: '1px solid #2e3036', borderRadius: 2, fontSize: 12 }}>
      <span style={{ padding: '6px 8px', background: '#181b1f' }}>{label}</span>
      <select value={picked[0] ?? ''} onChange={event => choose(name, event.target.value)}
        style={{ background: '#111217', color: '#ccccdc', border: 0, padding: '0 8px', font: 'inherit', height: 28, margin: 0, width: 170 }}>
        <option value="">All</option>
        {options.map(one => <option key={one}>{one}</option>)}
      </select>
    </label>
  );
}

async function draw() {
  await initPluginTranslations('page').catch(error => report('translations', error));
  const dashboard = await (await fetch(`/dashboards/${address.get('dashboard')}.json`)).json();
  const builtin = { __rate_interval: `${4 * STEP}s`, __interval: `${STEP}s`, __range: `${RANGE}s`, __range_s: RANGE };
  const { values, shown } = await resolve(dashboard.templating.list, chosen, builtin);
  const fill = text => fillIn(text, values);
  const width = Number(address.get('width') ?? Math.max(1200, innerWidth - 24)), cell = width / 24;
  const items = await Promise.all(dashboard.panels.map(async panel => {
    const { x, y, w, h } = panel.gridPos;
    const place = { position: 'absolute', left: x * cell, top: y * ROW };
    if (panel.type === 'row') {
      return <div key={panel.id} style={{ ...place, paddingTop: 8, fontSize: 16, fontWeight: 500 }}>⌄ {panel.title}</div>;
    }
    let frames = [], error;
    try {
      frames = await load(panel, fill, theme);
    } catch (caught) {
      error = caught.message;
      report(panel.title, caught);
    }
    return (
      <div key={panel.id} style={place}>
        <Panel {...{ panel, frames, error, theme, timeRange, fill }} width={w * cell - GAP} height={h * ROW - GAP}
          report={caught => report(panel.title, caught)} />
      </div>
    );
  }));
  const height = Math.max(...dashboard.panels.map(({ gridPos }) => (gridPos.y + gridPos.h) * ROW));
  document.title = dashboard.title;
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ display: 'flex', gap: 8, alignItems: 'center', height: 40, marginBottom: 8 }}>
        <span style={{ fontSize: 18, fontWeight: 500, marginRight: 12 }}>{dashboard.title}</span>
        {shown.map(one => <Variable key={one.name} {...one} />)}
      </div>
      <div style={{ position: 'relative', width, height }}>{items}</div>
    </ThemeContext.Provider>,
  );
}

window.addEventListener('error', event => report('page', event.error ?? event.message));
window.addEventListener('unhandledrejection', event => report('page', event.reason));
draw().catch(error => {
  report('page', error);
  document.body.innerText = error.stack;
}).finally(() => setTimeout(() => console.log(`drawn: ${JSON.stringify(errors)}`), SETTLE));
if (address.has('refresh')) setTimeout(() => location.reload(), Number(address.get('refresh')) * 1000);
