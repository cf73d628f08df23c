import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackRun, StackRunResult } from '../src/modules/orchestrator/engine.port.js';
import { OperationPlanner } from '../src/modules/deployments/operations/operation-planner.js';
import { OperationsRepository } from '../src/modules/deployments/operations/operations.repository.js';
import { BenchApp } from './bench-app.js';
import { machine, type Measurement, median, percentile } from './report.js';
import { aGraphOf, realGraph, writeSyntheticStacks, type GraphTemplate } from './synthetic-stacks.js';

const REPETITIONS = 20;
const WARM_UP = 3;
const INITS = 5;
const SMALL = 16;
const LARGE = 500;

/**
 * How long a plan takes, and the start of a deployment (design.md, Measuring), for 16 and for 500 stacks:
 * 1. `initMs`: POST /deployments over HTTP with the default template's graph of 16 stacks, to its 201; `init500Ms` with 500;
 * 2. everything is deployed once, through the real run and journal, by an engine that answers at once;
 * 3. `ms16`, `ms500`: the planner of the server, from the operation to its plan: manifest, instances and sticky values read from
 *    the database, configurations merged, graph, programs hashed, placeholders resolved, fingerprints compared, estimates. Every
 *    stack must be proven unchanged, which is the longest way. Nothing is remembered from one plan to the next but file digests.
 * `perStackOf16` is the time per stack at 500 against that at 16, the baseline of the same run: 1 = linear, above = worse.
 */
export async function measure(): Promise<Measurement> {
  const small = await measureGraph(realGraph());
  const large = await measureGraph(aGraphOf(LARGE));
  return {
    bench: 'plan',
    conditions: { ...machine(), database: small.via, repetitions: REPETITIONS, initRepetitions: INITS },
    figures: {
      ms16: median(small.plans),
      ms500: median(large.plans),
      initMs: median(small.inits),
      p95Ms16: percentile(small.plans, 95),
      p95Ms500: percentile(large.plans, 95),
      init500Ms: median(large.inits),
      perStackOf16: median(large.plans) / LARGE / (median(small.plans) / SMALL),
    },
    goals: { ms16: { atMost: 150 }, ms500: { atMost: 2000 }, initMs: { atMost: 2000 } },
  };
}

interface Times {
  /** In ms. */
  readonly plans: readonly number[];
  /** In ms. */
  readonly inits: readonly number[];
  readonly via: string;
}

async function measureGraph(graph: readonly GraphTemplate[]): Promise<Times> {
  const root = mkdtempSync(join(tmpdir(), 'cloud-bench-stacks-'));
  const { stacks, settings } = writeSyntheticStacks(root, graph);
  const bench = await BenchApp.start({ ...settings, MAX_STACKS_PER_DEPLOYMENT: String(LARGE) });
  try {
    const inits: number[] = [];
    let deploymentId = '';
    for (let round = -1; round < INITS; round++) {
      const startedAt = performance.now();
      deploymentId = await bench.initialise('default', { project: `Bench ${round + 2}` });
      if (round >= 0) inits.push(performance.now() - startedAt);
    }
    bench.engine.up = (run) => Promise.resolve(answerOf(run));
    await bench.deploy(deploymentId, { parallel: 16 });
    const { accepted } = await bench.deploy(deploymentId);
    const operation = await bench.app.get(OperationsRepository).find(String(accepted['operationId']));
    if (!operation) throw new TypeError('The operation is not there');
    const planner = bench.app.get(OperationPlanner);
    const plans: number[] = [];
    for (let round = -WARM_UP; round < REPETITIONS; round++) {
      const startedAt = performance.now();
      const { plan } = await planner.plan({ ...operation, selectedStacks: null });
      const ms = performance.now() - startedAt;
      if (plan.stacksSkipped.length !== stacks)
        throw new TypeError(`${plan.stacksSkipped.length} of ${stacks} skipped`);
      if (round >= 0) plans.push(ms);
    }
    return { plans, inits, via: bench.via };
  } finally {
    await bench.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/** What the synthetic program would put out. */
function answerOf(run: StackRun): StackRunResult {
  const plain = {
    stackName: run.stack,
    stackEnvironment: 'dev',
    stackDeploymentId: 'bench',
    stackVersion: '1.0.0',
    __exists: true,
    groupArn: `arn:aws:logs:${run.region}:${run.account}:log-group:${run.stack}`,
  };
  return {
    success: true,
    outputs: Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, { value, secret: false }])),
    resources: { created: 1, updated: 0, deleted: 0, replaced: 0, unchanged: 0 },
    resourceCount: 1,
    stateVersion: 1,
    repaired: [],
  };
}
