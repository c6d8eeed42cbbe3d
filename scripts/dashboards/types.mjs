// Checks dashboards against the types of @grafana/schema: types.mjs NODE_MODULES DASHBOARDS
//
// JSON has no enums, so those are taken as what they are made of. Keys that no type knows are not found.
import fs from 'fs';
import os from 'os';
import path from 'path';
import { createRequire } from 'module';

const [modules, dashboards] = process.argv.slice(2).map(folder => path.resolve(folder));
const ts = createRequire(modules + '/')('typescript');

const LOOSE = `
import type { Dashboard } from '@grafana/schema';
type Loose<T> = T extends string ? string : T extends number ? number : T extends boolean | null | undefined ? T
  : T extends (infer E)[] ? Loose<E>[] : T extends object ? { [K in keyof T]: Loose<T[K]> } : T;
`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dashboards-'));
try {
  fs.symlinkSync(modules, path.join(folder, 'node_modules'));
  const files = fs.readdirSync(dashboards).filter(name => name.endsWith('.json')).map(name => {
    const json = fs.readFileSync(path.join(dashboards, name), 'utf8');
    const file = path.join(folder, name.replace('.json', '.ts'));
    fs.writeFileSync(file, `${LOOSE}export const dashboard: Loose<Dashboard> = ${json};\n`);
    return file;
  });
  const program = ts.createProgram(files, {
    strict: true, noEmit: true, skipLibCheck: true, types: [], module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  const found = ts.getPreEmitDiagnostics(program);
  const host = { getCurrentDirectory: () => folder, getNewLine: () => '\n', getCanonicalFileName: name => name };
  process.stdout.write(ts.formatDiagnostics(found, host));
  process.exitCode = found.length ? 1 : 0;
} finally {
  fs.rmSync(folder, { recursive: true });
}
