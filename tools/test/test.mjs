/**
 * `npm test`: everything a change must pass, from nothing but Node 20.19 and npm.
 *
 * 1. Install what package-lock.json names when it is not there, then go on under the Node of the project.
 * 2. Build. 3. Lint, format and import rules. 4. Type check. 5. Every test.
 *
 * A failed step does not hide the next ones; only a failed install or build ends the command early. The last line is the
 * count of tests, a failed step counting as one: `N passed, N failed[, N skipped]`. Further arguments go to Jest and leave
 * out steps 3 and 4: `npm test -- graph.spec`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideDependencies, PROJECT_NODE, ROOT, requireNode } from '../build/dependencies.mjs';

const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of children) stop(child, signal);
    process.exitCode = 130;
  });
}

/** The step and all it started go together: each is a process group of its own. */
function stop(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** @returns {Promise<boolean>} whether the command ended well */
async function step(title, command, args, env = {}) {
  console.log(`\n── ${title}`);
  const started = performance.now();
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 1, 1], // one stream, so that the last line is the last one
    detached: true,
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
      ...env,
    },
  });
  children.add(child);
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (exit, signal) => resolve(signal ? 1 : exit));
  });
  children.delete(child);
  if (child.pid !== undefined) stop(child, 'SIGKILL'); // nothing of the step outlives it
  console.log(`── ${title}: ${code === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return code === 0;
}

async function main() {
  requireNode();
  await provideDependencies();
  const bin = (name) => join(ROOT, 'node_modules', '.bin', name);
  const wanted = process.argv.slice(2);
  const failed = [];
  const check = async (title, ...command) => {
    if (process.exitCode !== 130 && !(await step(title, ...command))) failed.push(title);
  };

  await check('build', PROJECT_NODE, ['tools/build/build.mjs']);
  if (failed.length > 0) return finish({ passed: 0, failed: 0, skipped: 0 }, failed);
  if (wanted.length === 0) {
    await check('lint', bin('eslint'), ['.', '--max-warnings', '0']);
    await check('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']);
    await check('import rules', bin('depcruise'), [
      '--config',
      '.dependency-cruiser.cjs',
      'src',
      'tools',
      'bench',
      'test',
      'stacks',
    ]);
    await check('types', PROJECT_NODE, [bin('tsc'), '-p', 'tsconfig.json']);
    await check('types of the dashboard', PROJECT_NODE, [bin('tsc'), '-p', 'dashboard/tsconfig.json']);
  }
  const counts = process.exitCode === 130 ? { passed: 0, failed: 0, skipped: 0 } : await jest(wanted, failed);
  finish(counts, failed);
}

/** One run of all projects; the counts come from Jest's own report. */
async function jest(wanted, failed) {
  const folder = mkdtempSync(join(tmpdir(), 'cloud-test-'));
  const report = join(folder, 'report.json');
  try {
    const ok = await step(
      'tests',
      PROJECT_NODE,
      [
        join(ROOT, 'node_modules/jest/bin/jest.js'),
        '--maxWorkers=2',
        '--json',
        `--outputFile=${report}`,
        '--testLocationInResults=false',
        ...wanted,
      ],
      { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`.trim() },
    );
    const results = readReport(report);
    if (!results) failed.push('tests (no report)');
    else if (!ok && results.numFailedTests === 0) failed.push('tests (a suite or the runner itself)');
    return {
      passed: results?.numPassedTests ?? 0,
      failed: results?.numFailedTests ?? 0,
      skipped: (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // the runner died before it could write one
  }
}

function finish(counts, failedSteps) {
  const failed = counts.failed + failedSteps.length;
  console.log('');
  for (const title of failedSteps) console.log(`failed: ${title}`);
  if (failed > 0 && process.exitCode !== 130) process.exitCode = 1;
  console.log(`${counts.passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
}

await main();
