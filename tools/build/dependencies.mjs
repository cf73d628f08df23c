/**
 * What `npm run quickstart` and `npm test` need before anything else: a Node new enough to start, the dependencies of
 * package-lock.json, and the project's own Node. Plain JavaScript, without a single dependency.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
/** Node of the project (`node` in devDependencies), whatever Node the machine has. */
export const PROJECT_NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

const NEEDED = [20, 19];

/** Ends the process with advice when this Node is too old to install the dependencies. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  console.error(
    `Node ${NEEDED.join('.')} or newer is needed to start; this is ${process.versions.node}. See nodejs.org.`,
  );
  process.exit(1);
}

/** Whether node_modules holds what the lock file names. */
export function dependenciesAreCurrent() {
  const wanted = readLock(join(ROOT, 'package-lock.json'));
  const installed = readLock(join(ROOT, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed || !existsSync(PROJECT_NODE)) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || !path.includes('node_modules')) continue; // the project and its workspaces
    const found = installed[path];
    if (found === undefined) {
      if (entry.optional || entry.peer) continue; // for another platform
      return false;
    }
    if (found.version !== entry.version || found.link !== entry.link) return false;
  }
  return true;
}

/**
 * Installs with npm when something is missing or older than the lock file: the locked versions, the lock file untouched. Not
 * `npm ci`: that demands an entry for every optional package of every platform, and a lock file made from a registry without
 * the ones for other platforms has none.
 * @param {(line: string) => void} say where the output of npm goes, line by line
 * @returns {Promise<boolean>} whether anything was installed
 */
export async function provideDependencies(say = (line) => console.log(line)) {
  if (dependenciesAreCurrent()) return false;
  say('installing the dependencies of package-lock.json (npm install)');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm, 'install']] : ['npm', ['install']];
  const child = spawn(command, [...args, '--no-save', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = [];
  const started = Date.now();
  const beat = setInterval(() => say(`  … npm install, ${Math.round((Date.now() - started) / 1000)} s`), 10_000);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
    });
  }
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      lines.push(error.message);
      resolve(1);
    });
    child.once('close', resolve);
  });
  clearInterval(beat);
  if (code !== 0 || !dependenciesAreCurrent()) {
    const errors = lines.filter((line) => line.startsWith('npm error'));
    for (const line of (errors.length > 0 ? errors : lines).slice(0, 25)) console.error(line);
    console.error(
      'The dependencies could not be installed. Check the connection to your npm registry, then start again.',
    );
    process.exit(1);
  }
  say(`dependencies installed in ${Math.round((Date.now() - started) / 1000)} s`);
  return true;
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
