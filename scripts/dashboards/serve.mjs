// Serves drawn dashboards on loopback: serve.mjs BUNDLE NODE_MODULES DASHBOARDS PROMETHEUS_URL PORT
//
// `/` lists them, `/?dashboard=fleet` draws one; `page.jsx` says what else may be asked for. What it asks Prometheus
// is passed on, so that the browser meets one origin.
//
// The rule here: no file is read but those of the three folders, by names without a path that leads out of them.
import fs from 'fs';
import http from 'http';
import path from 'path';

const [bundle, modules, dashboards, prometheus, port] = process.argv.slice(2);
const TYPES = { '.js': 'text/javascript', '.json': 'application/json', '.css': 'text/css', '.svg': 'image/svg+xml' };
const HTML = { 'Content-Type': 'text/html; charset=utf-8' };
const HEAD = '<!doctype html><meta charset="utf-8"><title>gotk-metrics</title>'
  + '<body style="background:#111217;margin:12px;font:14px Inter,DejaVu Sans,sans-serif;color:#ccccdc">';
const PAGE = HEAD + '<link rel="stylesheet" href="/page.css"><div id="root"></div>'
  + "<script>window.grafanaBootData={settings:{},user:{}};window.__grafana_public_path__='/public/'</script>"
  + '<script type="module" src="/page.js"></script>';

const names = () => fs.readdirSync(dashboards).filter(name => name.endsWith('.json')).map(name => name.slice(0, -5)).sort();
const index = () => HEAD + names().map(name => `<p><a style="color:#6e9fff" href="/?dashboard=${name}">${name}</a></p>`).join('');

function fileOf(pathname) {
  const folders = [['/dashboards/', dashboards], ['/public/build/', `${modules}/@grafana/ui/dist/public`],
    ['/public/', `${modules}/@grafana/ui/dist/public`], ['/', bundle]];
  const [prefix, folder] = folders.find(([prefix]) => pathname.startsWith(prefix));
  return path.join(folder, path.normalize('/' + decodeURIComponent(pathname.slice(prefix.length))));
}

function passOn(request, response) {
  const theirs = http.request(new URL(request.url, prometheus), { method: request.method }, answer => {
    response.writeHead(answer.statusCode, { 'Content-Type': answer.headers['content-type'] ?? 'application/json' });
    answer.pipe(response);
  });
  theirs.on('error', error => {
    response.writeHead(502);
    response.end(JSON.stringify({ status: 'error', error: `Prometheus: ${error.message}` }));
  });
  request.pipe(theirs);
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname.startsWith('/api/v1/query')) return passOn(request, response);
  if (url.pathname === '/') return response.writeHead(200, HTML).end(url.searchParams.has('dashboard') ? PAGE : index());
  const file = fileOf(url.pathname);
  fs.readFile(file, (error, bytes) => {
    if (error) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream' }).end(bytes);
  });
});
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
