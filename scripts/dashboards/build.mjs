// Bundles the page with Grafana's components: build.mjs NODE_MODULES OUT
//
// The rule here: nothing is written but OUT, a folder with page.js and what it loads.
import { createRequire } from 'module';
import path from 'path';
import { fileURLToPath } from 'url';

const [modules, out] = process.argv.slice(2).map(folder => path.resolve(folder));
const here = path.dirname(fileURLToPath(import.meta.url));
const esbuild = createRequire(modules + '/')('esbuild');

// Grafana's .mjs files import some CommonJS packages as default; esbuild follows Node there and hands back an object,
// which React refuses as a component. Their .cjs builds bring their own interop.
const commonJs = {
  name: 'grafana-cjs',
  setup(build) {
    build.onResolve({ filter: /^@grafana\/(ui|data|schema|i18n|e2e-selectors)(\/unstable)?$/ }, ({ path: wanted }) => {
      const [, name, unstable] = wanted.match(/^@grafana\/([\w-]+)(\/unstable)?$/);
      return { path: `${modules}/@grafana/${name}/dist/cjs/${unstable ? 'unstable' : 'index'}.cjs` };
    });
  },
};

await esbuild.build({
  entryPoints: { page: path.join(here, 'page.jsx') },
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  jsx: 'automatic',
  plugins: [commonJs],
  loader: { '.svg': 'dataurl', '.png': 'dataurl', '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl' },
  nodePaths: [modules],
  mainFields: ['browser', 'module', 'main'],
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  logLevel: 'error',
});
