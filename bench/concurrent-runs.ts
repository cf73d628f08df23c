import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { EventsRepository } from '../src/shared/events/events.repository.js';
import { BenchApp, type TimedDeploy } from './bench-app.js';
import { watchProcesses } from './process-watch.js';
import { machine, type Measurement, median, percentile } from './report.js';

const RUNS = 50;
/** One organization may run 20 at once (tier enterprise). Each run has an account of its own: five VPCs are an account's limit. */
const ORGANIZATIONS = 5;
const SINGLE_RUNS = 3;
const RESOURCES = 56;
/** More than a run of the minimal template has. */
const EVENTS = 10_000;

/**
 * 50 deployments of the `minimal` template (3 stacks, 56 resources) deployed at once by one server process, over HTTP, on the
 * embedded engine and the sandbox at speed 0 (design.md, Measuring):
 * - `completed`: runs that ended well with all their resources; `gapFree`: those whose events are numbered 1..n without a gap;
 * - `sharedFolders`: folders below the server's data and deployment roots in which more than one run wrote;
 * - `perRunOfOne`: time per run of the 50 against the median of single runs before, one after the other, in the same process;
 * - `peakMiB` of this process and all it has started, runners and database, and `onePeakMiB` with a single run (resident sets,
 *   Linux alone).
 */
export async function measure(): Promise<Measurement> {
  const bench = await BenchApp.start();
  try {
    await bench.engine.warm();
    const oneWatch = watchProcesses();
    const single: number[] = [];
    for (let round = 0; round < SINGLE_RUNS; round++) {
      const id = await bench.initialise('minimal', { project: `Single ${round}` });
      await bench.engine.warm();
      single.push((await bench.deploy(id)).ms);
    }
    const onePeakMiB = oneWatch.stop().peakMiB;
    const ids: string[] = [];
    for (let run = 0; run < RUNS; run++) {
      const accounts = { dev: String(200_000_000_000 + run) };
      ids.push(
        await bench.initialise('minimal', { project: `Run ${run}`, organization: organizationOf(run), accounts }),
      );
    }
    await bench.engine.warm();
    const before = Date.now();
    const watch = watchProcesses();
    const startedAt = performance.now();
    const runs = await Promise.all(ids.map((id) => bench.deploy(id)));
    const ms = performance.now() - startedAt;
    const { peakMiB, processes } = watch.stop();
    const oneMs = median(single);
    return {
      bench: 'concurrent-runs',
      conditions: {
        ...machine(),
        ...{ engine: 'embedded', database: bench.via, template: 'minimal', runs: RUNS, singleRuns: SINGLE_RUNS },
      },
      figures: {
        completed: runs.filter(({ result }) => result['resourcesCreated'] === RESOURCES).length,
        sharedFolders: sharedFolders(bench.files, ids, before).length,
        gapFree: await countGapFree(bench, ids, runs),
        perRunOfOne: ms / RUNS / oneMs,
        seconds: ms / 1000,
        oneMs,
        medianRunMs: median(runs.map((run) => run.ms)),
        p95RunMs: percentile(
          runs.map((run) => run.ms),
          95,
        ),
        peakMiB,
        onePeakMiB,
        processes,
      },
      goals: { completed: { atLeast: RUNS }, sharedFolders: { atMost: 0 }, gapFree: { atLeast: RUNS } },
    };
  } finally {
    await bench.stop();
  }
}

function organizationOf(run: number): string {
  return `bench-${run % ORGANIZATIONS}`;
}

async function countGapFree(bench: BenchApp, ids: readonly string[], runs: readonly TimedDeploy[]): Promise<number> {
  const events = bench.app.get(EventsRepository);
  let whole = 0;
  for (const [index, { accepted }] of runs.entries()) {
    const operationId = String(accepted['operationId']);
    const found = await events.readBefore(
      { organization: organizationOf(index), operationId },
      Number.MAX_SAFE_INTEGER,
      EVENTS,
    );
    const seqs = found.map(({ seq }) => seq).sort((a, b) => a - b);
    const isWhole = seqs.length > 0 && seqs.every((seq, at) => seq === at + 1);
    const isOwn = found.every(({ scope }) => scope.deploymentId === ids[index]);
    if (isWhole && isOwn) whole += 1;
  }
  return whole;
}

/** Folders with a file written since, that are not inside a folder of exactly one of the deployments. */
function sharedFolders(root: string, ids: readonly string[], sinceMs: number): string[] {
  const shared = new Set<string>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (path !== join(root, 'db')) visit(path);
      } else if (statSync(path).mtimeMs >= sinceMs) {
        const place = relative(root, folder);
        if (ids.filter((id) => place.includes(id)).length !== 1) shared.add(place);
      }
    }
  };
  visit(root);
  return [...shared];
}
