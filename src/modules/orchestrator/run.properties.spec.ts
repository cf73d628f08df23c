import fc from 'fast-check';
import { defaultStacks } from '../../../test/factories/default-graph.js';
import { aRunRequest, stacksOf } from '../../../test/factories/run-request.js';
import { OrchestratorRig } from '../../../test/fakes/orchestrator-rig.js';
import { contentHash } from '../../shared/kernel/canonical-json.js';
import type { RunOptions, RunStack } from './run-request.js';

const DEFAULT = defaultStacks();

interface World {
  readonly stacks: RunStack[];
  readonly durations: Record<string, number>;
  readonly failing: string[];
}

/** A random graph without cycles: a stack needs only stacks before it. */
const world: fc.Arbitrary<World> = fc.integer({ min: 1, max: 9 }).chain((size) =>
  fc
    .record({
      edges: fc.array(fc.array(fc.boolean(), { minLength: size, maxLength: size }), {
        minLength: size,
        maxLength: size,
      }),
      priorities: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: size, maxLength: size }),
      durations: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: size, maxLength: size }),
      failing: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: size, maxLength: size }),
    })
    .map(({ edges, priorities, durations, failing }) => {
      const names = Array.from({ length: size }, (_, index) => `s${index}`);
      const graph = Object.fromEntries(
        names.map((name, index) => [name, names.filter((_, other) => other < index && edges[index]?.[other])]),
      );
      return {
        stacks: stacksOf(graph).map((stack, index) => ({ ...stack, priority: priorities[index] ?? 1 })),
        durations: Object.fromEntries(names.map((name, index) => [name, (durations[index] ?? 1) * 1000])),
        failing: names.filter((_, index) => failing[index] === 0),
      };
    }),
);

/** The graph of the default template, every stack as fast and as likely to fail as in the random ones. */
const defaultWorld: fc.Arbitrary<World> = fc
  .array(fc.record({ seconds: fc.integer({ min: 1, max: 5 }), fate: fc.integer({ min: 0, max: 9 }) }), {
    minLength: DEFAULT.length,
    maxLength: DEFAULT.length,
  })
  .map((fates) => ({
    stacks: DEFAULT,
    durations: Object.fromEntries(DEFAULT.map(({ name }, index) => [name, (fates[index]?.seconds ?? 1) * 1000])),
    failing: DEFAULT.flatMap(({ name }, index) => (fates[index]?.fate === 0 ? [name] : [])),
  }));

/** Its configuration, and so its outputs, tell what the stacks before it put out. */
function readingItsDependencies(stack: RunStack): RunStack {
  return {
    ...stack,
    config: Object.fromEntries(stack.dependencies.map((name) => [`of-${name}`, `{{RUNTIME:${name}:trail}}`])),
  };
}

/** Everything that is left of a run, but times. */
function endOf(rig: OrchestratorRig): unknown {
  const lines = rig.journal.lines();
  const deployed = [...rig.journal.instances].map(([name, change]) => {
    const { durationSeconds: _, ...rest } = { durationSeconds: 0, ...change };
    return [name, rest] as const;
  });
  return {
    outcome: [rig.journal.report?.outcome, rig.journal.report?.phase, rig.journal.report?.changed],
    instances: Object.fromEntries(deployed),
    engine: Object.fromEntries(rig.engine.states),
    stacks: Object.fromEntries(
      records(rig).map(({ name, status, skipReason, error, action, reasons, layer, resources }) => [
        name,
        { status, skipReason, error, action, reasons, layer, resources },
      ]),
    ),
    events: Object.fromEntries(
      records(rig).map(({ name }) => [
        name,
        lines.filter((line) => line.split(' ')[1] === name && !line.startsWith('deployment_')),
      ]),
    ),
  };
}

async function play(made: World, options: Partial<RunOptions>): Promise<OrchestratorRig> {
  const scripts = Object.fromEntries(
    made.stacks.map(({ name }) => [
      name,
      {
        ms: made.durations[name] ?? 1,
        outputs: (config: Readonly<Record<string, string>>) => ({ trail: contentHash({ name, config }) }),
        ...(made.failing.includes(name) ? { failUp: { 1: 'resource' as const } } : {}),
      },
    ]),
  );
  const rig = new OrchestratorRig(scripts);
  await rig.run(aRunRequest(made.stacks, { rollbackOnError: false, ...options }));
  return rig;
}

const records = (rig: OrchestratorRig) => Object.values(rig.journal.state?.stacks ?? {});

describe('the scheduler, on random graphs with random failures', () => {
  const runs = { numRuns: 150 };
  const parallel = fc.integer({ min: 1, max: 4 });
  const schedule = fc.constantFrom('ready' as const, 'layer' as const);

  it('starts nothing before its dependencies have ended well, and never more than `parallel`', async () => {
    await fc.assert(
      fc.asyncProperty(world, parallel, schedule, fc.boolean(), async (made, lanes, mode, continueOnError) => {
        const rig = await play(made, { parallel: lanes, schedule: mode, continueOnError });
        expect(rig.engine.mostAtOnce).toBeLessThanOrEqual(lanes);
        expect(rig.engine.overlaps).toEqual([]);
        const ends = new Map(rig.engine.calls.map((call) => [call.stack, call.endedAt ?? Infinity]));
        for (const call of rig.engine.calls) {
          for (const name of made.stacks.find((stack) => stack.name === call.stack)?.dependencies ?? []) {
            expect(made.failing).not.toContain(name);
            expect(ends.get(name)).toBeLessThanOrEqual(call.startedAt);
          }
        }
      }),
      runs,
    );
  });

  it('brings every stack to an end that follows from what failed', async () => {
    await fc.assert(
      fc.asyncProperty(world, parallel, schedule, fc.boolean(), async (made, lanes, mode, continueOnError) => {
        const rig = await play(made, { parallel: lanes, schedule: mode, continueOnError });
        const byName = new Map(records(rig).map((record) => [record.name, record]));
        const isBlocked = (name: string): boolean =>
          (made.stacks.find((stack) => stack.name === name)?.dependencies ?? []).some(
            (each) => byName.get(each)?.status === 'failed' || isBlocked(each),
          );
        for (const record of byName.values()) {
          const ran = rig.engine.calls.some((call) => call.stack === record.name);
          if (ran) expect(record.status).toBe(made.failing.includes(record.name) ? 'failed' : 'deployed');
          else expect(record.skipReason).toBe(isBlocked(record.name) ? 'dependency_failed' : 'run_stopped');
          if (record.skipReason === 'dependency_failed')
            expect(byName.get(record.culprit ?? '')?.status).toBe('failed');
        }
        if (continueOnError) expect(records(rig).filter((record) => record.skipReason === 'run_stopped')).toEqual([]);
      }),
      runs,
    );
  });

  it('ends in the same state in both modes, with the same events of each stack in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(world, defaultWorld), parallel, async (made, lanes) => {
        const chained = { ...made, stacks: made.stacks.map(readingItsDependencies) };
        const [ready, layer] = await Promise.all(
          (['ready', 'layer'] as const).map(async (schedule) =>
            endOf(await play(chained, { parallel: lanes, schedule, continueOnError: true })),
          ),
        );
        expect(ready).toEqual(layer);
      }),
      runs,
    );
  });

  it('keeps parents around their children in every stream of events', async () => {
    await fc.assert(
      fc.asyncProperty(world, parallel, schedule, async (made, lanes, mode) => {
        const rig = await play(made, { parallel: lanes, schedule: mode });
        const events = rig.journal.events;
        expect(events[0]?.type).toBe('deployment_started');
        expect(['deployment_complete', 'deployment_failed']).toContain(events.at(-1)?.type);
        const at = (test: (event: (typeof events)[number]) => boolean): number => events.findIndex(test);
        for (const { name, layer } of records(rig)) {
          const own = events.flatMap((event, index) =>
            (event.data as { stack?: string }).stack === name && event.type !== 'deployment_failed' ? [index] : [],
          );
          const started = at(
            (event) => event.type === 'layer_started' && (event.data as { layer: number }).layer === layer,
          );
          const ended = at(
            (event) => event.type === 'layer_complete' && (event.data as { layer: number }).layer === layer,
          );
          expect(started).toBeLessThan(Math.min(...own));
          expect(ended).toBeGreaterThan(Math.max(...own));
          expect(events[own[0] ?? -1]?.type).toMatch(/^stack_(deploying|skipped)$/);
        }
      }),
      runs,
    );
  });
});
