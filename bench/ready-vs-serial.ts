import { estimate } from '../src/modules/orchestrator/estimate.js';
import { OrchestratorService } from '../src/modules/orchestrator/orchestrator.service.js';
import { StaticCloudQueries } from '../src/modules/orchestrator/placeholders/static.cloud-queries.js';
import type { RunStack } from '../src/modules/orchestrator/run-request.js';
import { RunSurroundings } from '../src/modules/orchestrator/run-surroundings.js';
import { SystemClock } from '../src/shared/kernel/clock.js';
import { RandomIds } from '../src/shared/kernel/ids.js';
import { SecretBox } from '../src/shared/kernel/secret-box.js';
import { defaultStacks } from '../test/factories/default-graph.js';
import { aRunRequest } from '../test/factories/run-request.js';
import { RecordingJournal } from '../test/fakes/recording-journal.js';
import { ScriptedEngine } from '../test/fakes/scripted-engine.js';
import { machine, type Measurement } from './report.js';

/**
 * Ready-node scheduling on the real graph of the default template (design.md, Measuring):
 * 1. graph and estimates are those of a deployment initialised from templates/default, durations are the estimates divided by SCALE;
 * 2. the real run (plan, decisions, journal in memory, events) drives a double of the engine that only waits, with real timers;
 * 3. one run each with parallel 16, 3 and 1; the last is the serial baseline, the critical path is computed.
 */
const SCALE = 300;

export async function measure(): Promise<Measurement> {
  const stacks = defaultStacks();
  const timed = stacks.map((stack) => ({ ...stack, seconds: stack.estimateSeconds }));
  const criticalPathMs = (estimate(timed, timed.length, 'ready') * 1000) / SCALE;
  const wideMs = await run(stacks, 16);
  const threeMs = await run(stacks, 3);
  const serialMs = await run(stacks, 1);
  return {
    bench: 'ready-vs-serial',
    conditions: {
      ...machine(),
      engine: 'scripted',
      stacks: stacks.length,
      scale: SCALE,
      repetitions: 1,
    },
    figures: {
      ofCriticalPath: wideMs / criticalPathMs,
      ofSerial: threeMs / serialMs,
      criticalPathMs,
      parallel16Ms: wideMs,
      parallel3Ms: threeMs,
      serialMs,
    },
    goals: { ofCriticalPath: { atMost: 1.05 }, ofSerial: { atMost: 0.6 } },
  };
}

/** @returns wall time in ms */
async function run(stacks: readonly RunStack[], parallel: number): Promise<number> {
  const clock = new SystemClock();
  const scripts = Object.fromEntries(
    stacks.map((stack) => [stack.name, { ms: (stack.estimateSeconds * 1000) / SCALE }]),
  );
  const service = new OrchestratorService(
    new ScriptedEngine(clock, scripts),
    new StaticCloudQueries({
      parameters: async () => ({ ssm: {}, secrets: {} }),
      inventory: async () => ({ resources: [] }),
    }),
    clock,
    new RandomIds(),
    new RunSurroundings('sandbox', new SecretBox(Buffer.alloc(32))),
  );
  const startedAt = performance.now();
  const report = await service.run(
    aRunRequest(stacks, { parallel }),
    new RecordingJournal(),
    new AbortController().signal,
  );
  const ms = performance.now() - startedAt;
  if (report.outcome !== 'success') throw new TypeError(`The run ended ${report.outcome}: ${report.error?.message}`);
  return ms;
}
