// Holds dashboards against the types that Grafana publishes of them, of the oldest release that is promised and of
// the newest: what is not in the type is an error, and so is a word that a type does not list.
//
//   node check.mjs PACKAGES DASHBOARD.json...      PACKAGES has node_modules; exit 1 and a line for each objection
//
// A dashboard becomes `export const x: Checked = JSON;`, which the compiler judges. The newest types also judge what
// each kind of panel takes as options; of those the older release has fewer, and ignores what it does not know.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';

const [packages, ...dashboards] = process.argv.slice(2);
const modules = resolve(packages, 'node_modules');
const ts = createRequire(join(modules, 'x.js'))('typescript');

// A word of an enumeration is written as the word that it stands for.
const PLAIN = `
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : unknown extends T ? unknown : { [K in keyof T]: Plain<T[K]> };
`;
const KINDS = {
  bargauge: ['bargauge', '{}'],
  stat: ['stat', '{}'],
  'state-timeline': ['statetimeline', 'FieldConfig'],
  table: ['table', 'FieldConfig'],
  text: ['text', '{}'],
  timeseries: ['timeseries', 'FieldConfig'],
};
const of = (kind) => `./node_modules/@grafana/schema/dist/types/raw/composable/${KINDS[kind][0]}/panelcfg/x/types.gen`;
const panels = Object.keys(KINDS).map((kind) => {
  const custom = KINDS[kind][1] === '{}' ? '{}' : `import('${of(kind)}').${KINDS[kind][1]}`;
  return `Kind<'${kind}', import('${of(kind)}').Options, ${custom}>`;
});
const NEWEST = `
import type * as raw from './node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen';
${PLAIN}
type Fields<Custom> = Omit<Plain<raw.FieldConfigSource>, 'defaults'>
  & { defaults: Omit<Plain<raw.FieldConfig>, 'custom'> & { custom?: Plain<Custom> } };
type Kind<Name, Options, Custom> = Omit<Plain<raw.Panel>, 'type' | 'options' | 'fieldConfig'>
  & { type: Name; options: Plain<Options>; fieldConfig: Fields<Custom> };
export type Checked = Omit<Plain<raw.Dashboard>, 'panels'> & { panels: Array<${panels.join(' | ')}> };
`;
const OLDEST = `
import type * as raw from './node_modules/grafana-schema-10/dist/esm/raw/dashboard/x/dashboard_types.gen';
${PLAIN}
export type Checked = Omit<Plain<raw.Dashboard>, 'panels'> & { panels: Array<Plain<raw.Panel>> };
`;

// Files that exist only here, in the folder of the packages so that the types are found.
const files = new Map();
const put = (name, text) => files.set(resolve(packages, name), text);
put('newest.ts', NEWEST);
put('oldest.ts', OLDEST);
const roots = [];
for (const [place, path] of dashboards.entries()) {
  const json = readFileSync(path, 'utf8');
  for (const release of ['oldest', 'newest']) {
    const name = `dashboard-${place}-${release}.ts`;
    put(name, `import type { Checked } from './${release}'; export const it: Checked = ${json};`);
    roots.push(resolve(packages, name));
  }
}
const options = {
  strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, types: [],
  module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Node10,
};
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = (path) => files.has(path) || fileExists(path);
host.readFile = (path) => files.get(path) ?? readFile(path);
host.getSourceFile = (path, version) =>
  files.has(path) ? ts.createSourceFile(path, files.get(path), version) : getSourceFile(path, version);
const program = ts.createProgram(roots, options, host);
const objections = ts.getPreEmitDiagnostics(program).map((one) => {
  const said = ts.flattenDiagnosticMessageText(one.messageText, '\n  ');
  if (!one.file) return said;
  const { line } = one.file.getLineAndCharacterOfPosition(one.start);
  const [, place, release] = /dashboard-(\d+)-(\w+)\.ts$/.exec(one.file.fileName) ?? [];
  const where = place === undefined ? one.file.fileName : `${basename(dashboards[place])} (${release} release)`;
  return `${where}:${line + 1}: ${said}`;
});
for (const objection of objections) console.log(objection);
console.log(`${dashboards.length} dashboards, ${objections.length} objections`);
process.exit(objections.length > 0 || dashboards.length === 0 ? 1 : 0);
