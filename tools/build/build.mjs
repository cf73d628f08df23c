/**
 * Builds `dist/`: the server, tools and benches as ES modules, the stack programs as CommonJS, the dashboard by Vite.
 *
 * 1. List sources with size and time of change; unchanged since `dist/.stamp` and output there: nothing to do for the file.
 * 2. A file with another time but the same content only gets its stamp refreshed.
 * 3. Compile or copy the rest; every output is written beside its place and renamed, so no reader sees half a file.
 * 4. Remove outputs whose source is gone, then write the stamp. A file that does not compile keeps no stamp.
 *
 * Options: `--quiet` prints only problems, `--no-dashboard` leaves the dashboard alone. Plain JavaScript for Node 20.19
 * and newer: this is what runs before anything is built.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.stamp');
const require = createRequire(import.meta.url);

/** Folder → kind of module. Stack programs are loaded by `require` (stacks/package.json); benches drive fakes. */
const SOURCES = {
  src: 'es6',
  tools: 'es6',
  bench: 'es6',
  'test/fakes': 'es6',
  'test/factories': 'es6',
  stacks: 'commonjs',
};
/** Never part of a build. */
const SKIPPED_FOLDERS = new Set(['node_modules', 'testing', 'docs']);
const isTest = (name) => name.endsWith('.spec.ts') || name.endsWith('.d.ts');
/** Stack folders are copied whole: a program finds its Pulumi.yaml and package.json beside it. */
const isCopied = (folder, name) => folder === 'stacks' && name !== 'tsconfig.json' && !name.endsWith('.ts');

/** @returns {Promise<boolean>} whether everything compiled */
export async function build({ quiet = false, dashboard = true } = {}) {
  const started = performance.now();
  const say = (line) => quiet || console.log(line);
  const settings = digest(
    readFileSync(join(ROOT, '.swcrc'), 'utf8') + readFileSync(fileURLToPath(import.meta.url), 'utf8') + swcVersion(),
  );
  const old = readStamp(settings);
  const files = {};
  const work = [];
  for (const [folder, module] of Object.entries(SOURCES)) {
    for (const source of filesUnder(folder)) {
      const compiled = source.endsWith('.ts');
      if (compiled ? isTest(source) : !isCopied(folder, source.split('/').at(-1))) continue;
      const output = compiled ? source.replace(/\.ts$/, '.js') : source;
      const { size, mtimeMs } = statSync(join(ROOT, source));
      const known = old.files[source];
      const isBuilt = known !== undefined && existsSync(join(DIST, output));
      if (isBuilt && known.size === size && known.time === mtimeMs) {
        files[source] = known;
        continue;
      }
      const text = readFileSync(join(ROOT, source), 'utf8');
      const stamp = { size, time: mtimeMs, digest: digest(text), output };
      if (isBuilt && known.digest === stamp.digest) files[source] = stamp;
      else work.push({ source, output, module, compiled, text, stamp });
    }
  }

  const problems = await compile(work, files);
  const outputs = new Set(Object.values(files).map(({ output }) => output));
  for (const { output } of work) outputs.add(output);
  let removed = 0;
  for (const folder of Object.keys(SOURCES)) removed += removeStale(join(DIST, folder), outputs);

  const dashboardDigest = dashboard ? await buildDashboard(old.dashboard, say) : old.dashboard;
  if (work.length > 0 || removed > 0 || dashboardDigest !== old.dashboard || !sameTimes(files, old.files)) {
    put(STAMP, JSON.stringify({ settings, files, dashboard: dashboardDigest }));
  }

  for (const problem of problems) console.error(problem);
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (problems.length > 0) console.error(`build: ${problems.length} file(s) do not compile (${took})`);
  else say(`build: ${work.length} of ${outputs.size} files built${removed ? `, ${removed} removed` : ''} (${took})`);
  return problems.length === 0;
}

/** Compiles or copies; adds the stamp of each success to `files`, returns a text per failure. */
async function compile(work, files) {
  if (work.length === 0) return [];
  const problems = [];
  const { transform } = work.some(({ compiled }) => compiled) ? await import('@swc/core') : {};
  const options = JSON.parse(readFileSync(join(ROOT, '.swcrc'), 'utf8'));
  delete options.$schema;
  await Promise.all(
    work.map(async ({ source, output, module, compiled, text, stamp }) => {
      const target = join(DIST, output);
      try {
        if (!compiled) put(target, text);
        else {
          const { code, map } = await transform(text, {
            ...options,
            swcrc: false,
            configFile: false,
            filename: join(ROOT, source),
            sourceFileName: relative(dirname(target), join(ROOT, source)).split(sep).join('/'),
            module: { ...options.module, type: module },
          });
          if (map) put(`${target}.map`, map);
          put(target, map ? `${code}\n//# sourceMappingURL=${output.split('/').at(-1)}.map\n` : code);
        }
        files[source] = stamp;
      } catch (error) {
        problems.push(`${source}: ${error instanceof Error ? error.message.trim() : error}`);
      }
    }),
  );
  return problems.sort();
}

/** Vite, when anything under dashboard/ changed. */
async function buildDashboard(oldDigest, say) {
  const folder = join(ROOT, 'dashboard');
  if (!existsSync(join(folder, 'index.html'))) return undefined;
  const hash = createHash('sha256');
  for (const file of filesUnder('dashboard')) {
    if (file.endsWith('.spec.ts') || file.endsWith('.spec.tsx')) continue;
    hash.update(file).update(readFileSync(join(ROOT, file)));
  }
  const found = hash.digest('hex');
  const output = join(DIST, 'dashboard');
  if (found === oldDigest && existsSync(join(output, 'index.html'))) return found;
  const vite = await import(require.resolve('vite', { paths: [folder] }));
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production'; // Vite builds a slow React for any other value of the caller's
  try {
    await vite.build({ root: folder, logLevel: 'error', build: { outDir: output, emptyOutDir: true } });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
  say('build: dashboard built');
  return found;
}

function removeStale(folder, outputs) {
  if (!existsSync(folder)) return 0;
  let removed = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removed += removeStale(path, outputs);
    else if (
      !entry.name.endsWith('.tmp') && // another build is writing it
      !outputs.has(
        relative(DIST, path)
          .split(sep)
          .join('/')
          .replace(/\.js\.map$/, '.js'),
      )
    ) {
      rmSync(path, { force: true });
      removed += 1;
    }
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
  return removed;
}

/** Paths relative to the project with forward slashes, sorted. */
function filesUnder(folder) {
  const top = join(ROOT, folder);
  if (!existsSync(top)) return [];
  const found = [];
  for (const entry of readdirSync(top, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) found.push(...filesUnder(path));
    } else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

function readStamp(settings) {
  try {
    const stamp = JSON.parse(readFileSync(STAMP, 'utf8'));
    if (stamp.settings === settings) return stamp;
  } catch (error) {
    if (error.code !== 'ENOENT' && !(error instanceof SyntaxError)) throw error;
  }
  return { files: {}, dashboard: undefined };
}

function sameTimes(files, old) {
  const names = Object.keys(files);
  return names.length === Object.keys(old).length && names.every((name) => files[name] === old[name]);
}

function put(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

const digest = (text) => createHash('sha256').update(text).digest('hex');
const swcVersion = () => JSON.parse(readFileSync(join(ROOT, 'node_modules/@swc/core/package.json'), 'utf8')).version;

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const known = new Set(['--quiet', '--no-dashboard']);
  const unknown = process.argv.slice(2).filter((option) => !known.has(option));
  if (unknown.length > 0) {
    console.error(`build: unknown option ${unknown[0]}; known are ${[...known].join(', ')}`);
    process.exit(2);
  }
  const options = { quiet: process.argv.includes('--quiet'), dashboard: !process.argv.includes('--no-dashboard') };
  process.exitCode = (await build(options)) ? 0 : 1;
}
