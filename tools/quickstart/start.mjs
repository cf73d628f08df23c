/**
 * `npm run quickstart`: what has to happen before TypeScript can run.
 *
 * 1. Node new enough to start. 2. Options make sense. 3. Dependencies. 4. Build. 5. Go on in dist/tools/quickstart/main.js
 * under the project's Node, in a process group of its own: a signal of the terminal reaches only this process, which
 * passes it on, so that everything ends in order. When this process is killed hard, the other one notices by its channel.
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_NODE, provideDependencies, requireNode, ROOT } from '../build/dependencies.mjs';

const LOOK_MS = 500;
const args = process.argv.slice(2);
const json = args.includes('--json');

/** Same look as steps.ts, which cannot run yet. */
async function step(name, work) {
  const started = performance.now();
  const ms = () => Math.round(performance.now() - started);
  const tell = (fields) => console.log(JSON.stringify({ event: 'step', name, ...fields }));
  if (json) tell({ status: 'started' });
  const outcome = await work((line) => (json ? tell({ status: 'running', detail: line }) : console.log(`    ${line}`)));
  if (json) tell({ status: 'done', detail: outcome, ms: ms() });
  else
    console.log(`  ${outcome === 'failed' ? '✗' : '✓'} ${name.padEnd(14)} ${outcome} (${(ms() / 1000).toFixed(1)} s)`);
}

/**
 * Calls back when npm is gone, or a shell that npm put between: killed hard, neither can tell us. The script in package.json
 * begins with `exec`, so usually there is none; one that stays would swallow a SIGINT meant for us.
 * Only where npm started us; a program started by hand may outlive its terminal.
 */
function watchNpm(onGone) {
  if (process.env.npm_lifecycle_event !== 'quickstart') return;
  const chain = [process.ppid];
  const above = parentOf(process.ppid);
  if (above !== null && isShell(process.ppid)) chain.push(above);
  const timer = setInterval(() => {
    const gone = process.ppid !== chain[0] || (chain.length > 1 && parentOf(chain[0]) !== chain[1]);
    if (!gone) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
  timer.unref();
}

/** Process that started `pid`; null where the system does not tell (no /proc). */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

/** A shell between npm and us; npm's own parent is none of our business. */
function isShell(pid) {
  try {
    return /^(sh|dash|bash|ash|zsh)$/.test(readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  } catch {
    return false;
  }
}

async function main() {
  requireNode();
  if (args.includes('--help') || args.includes('-h')) {
    // The text lives with the options; it needs a build like everything else.
    await prepare((_name, work) => work(() => undefined));
    const { HELP } = await import(join(ROOT, 'dist/tools/quickstart/options.js'));
    return void console.log(HELP);
  }
  if (!json) console.log('\ncloud quick start\n');
  if (!(await prepare(step))) return void (process.exitCode = 1);

  const child = fork(join(ROOT, 'dist/tools/quickstart/main.js'), args, {
    execPath: PROJECT_NODE,
    execArgv: ['--enable-source-maps'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const stop = () => {
    if (child.connected) child.send('stop', () => undefined);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  watchNpm(stop);
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (exit, signal) => resolve(signal ? 1 : exit));
  });
  process.exitCode = code;
}

/** @returns whether everything is there and compiles */
async function prepare(tell) {
  let isGood = true;
  await tell('dependencies', async (say) => ((await provideDependencies(say)) ? 'installed' : 'up to date'));
  await tell('build', async () => {
    const { build } = await import('../build/build.mjs');
    isGood = await build({ quiet: true });
    return isGood ? 'up to date' : 'failed';
  });
  return isGood;
}

await main();
