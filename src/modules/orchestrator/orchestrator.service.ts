import { Injectable } from '@nestjs/common';
import type { IrreversibleStep } from '../../shared/events/events.js';
import { Clock } from '../../shared/kernel/clock.js';
import { Ids } from '../../shared/kernel/ids.js';
import { CloudQueries } from './cloud-queries.port.js';
import { stackRef } from './engine-config.js';
import { StackEngine, type StackOutputs } from './engine.port.js';
import {
  PlaceholderResolver,
  type OutputSource,
  type ResolvedStack,
  type ResolveMode,
} from './placeholders/resolve.js';
import { buildPlan } from './plan.js';
import { isGood } from './progress.js';
import { Reporter } from './reporter.js';
import { RunControl } from './run-control.js';
import { RunPause } from './run-pause.js';
import type { RunJournal } from './run-journal.port.js';
import { destroyedDataStores } from './rollback.js';
import { runNodes } from './run-nodes.js';
import { executeRun, firstRecords, isBegun, NO_CHECKS, type RunChecks } from './run.js';
import { RunSurroundings } from './run-surroundings.js';
import type { Plan, RunReport, RunRequest, RunState, RunView } from './run-request.js';
import { isGone } from './skip.js';
import { ValueReader } from './value-reader.js';

/**
 * Plans and runs operations. It gets all it needs in the request and tells all it knows through the journal; it keeps
 * nothing between two calls.
 */
@Injectable()
export class OrchestratorService {
  constructor(
    private readonly engine: StackEngine,
    private readonly queries: CloudQueries,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly surroundings: RunSurroundings,
  ) {}

  /** What a run of this request would do; starts no program and changes nothing. @throws DependencyCycle */
  plan(request: RunRequest): Promise<Plan> {
    const resolver = this.resolver(request, new Map(), () => undefined);
    return buildPlan(request, resolver, this.surroundings.box);
  }

  /**
   * Configurations of these stacks with their placeholders filled, in the order given; starts and changes nothing. `collect` takes
   * outputs of other stacks as given and asks the cloud for the rest; `tolerant` reads what is deployed now.
   */
  async resolve(
    view: RunView,
    names: readonly string[],
    mode: ResolveMode,
  ): Promise<ReadonlyMap<string, ResolvedStack>> {
    const resolver = this.resolver(view, new Map(), () => undefined);
    const resolved = new Map<string, ResolvedStack>();
    for (const stack of view.stacks) {
      if (names.includes(stack.name)) resolved.set(stack.name, await resolver.resolve(stack, mode));
    }
    return resolved;
  }

  /** What a manual rollback cannot bring back: data stores of the stacks it destroys. */
  irreversibleOf(request: RunRequest): Promise<readonly IrreversibleStep[]> {
    return destroyedDataStores(this.engine, request.place, request.rollbackTo?.destroy ?? []);
  }

  /**
   * Runs the request to its end; expected endings, failures included, are reports.
   * @param signal its reason is a RunStop; anything else counts as a cancel
   * @param pause while it is set no further stack starts
   * @param checks before the run (phase `validating`; without them that phase is left out) and at its end
   * @throws StaleLease when the lease is lost, RunAbandoned when the process ends, and what the journal throws: then nothing
   * more has been written and the same request with `resume` continues
   */
  async run(
    request: RunRequest,
    journal: RunJournal,
    signal: AbortSignal,
    checks: RunChecks = NO_CHECKS,
    pause = new RunPause(),
  ): Promise<RunReport> {
    const { settings, box, cloud, slots } = this.surroundings;
    const freshOutputs = new Map<string, StackOutputs>();
    const graph = runNodes(request);
    const resolver = this.resolver(request, freshOutputs, () => reporter.state);
    const plan = await this.plan(request);
    const control = new RunControl(signal);
    const reporter: Reporter = new Reporter(
      {
        request,
        graph,
        journal,
        clock: this.clock,
        settings,
        onBroken: (error) => control.giveUp(error),
      },
      this.firstState(request, plan),
    );
    const parts = { request, graph, engine: this.engine, resolver, freshOutputs, clock: this.clock };
    return executeRun({ ...parts, box, settings, control, reporter, cloud, slots, pause }, plan, checks);
  }

  private firstState(request: RunRequest, plan: Plan): RunState {
    if (request.resume && isBegun(request.resume)) return request.resume;
    const startedAt = request.resume?.startedAt ?? this.clock.now();
    return { phase: 'initializing', stacks: firstRecords(plan), totalLayers: plan.totalLayers, startedAt };
  }

  /** Outputs and look-ups for code instead of placeholders (deployments.md 5.8). */
  values(view: RunView): ValueReader {
    const source = this.outputsOf(view, new Map(), () => undefined);
    return new ValueReader(view.place, source, this.resolverOf(view, source), this.queries);
  }

  private resolver(
    request: RunView,
    fresh: ReadonlyMap<string, StackOutputs>,
    state: () => RunState | undefined,
  ): PlaceholderResolver {
    return this.resolverOf(request, this.outputsOf(request, fresh, state));
  }

  private resolverOf({ place }: RunView, source: OutputSource): PlaceholderResolver {
    return new PlaceholderResolver(place, source, this.queries, this.clock, this.ids);
  }

  private outputsOf(
    request: RunView,
    fresh: ReadonlyMap<string, StackOutputs>,
    state: () => RunState | undefined,
  ): OutputSource {
    const byName = new Map(request.stacks.map((stack) => [stack.name, stack]));
    return {
      has: (name) => byName.has(name),
      declared: (name) => byName.get(name)?.outputs ?? {},
      outputs: async (name) => {
        const known = fresh.get(name);
        if (known) return known;
        const record = state()?.stacks[name];
        // Deployed by the process that ran this operation before: only the engine knows what came out.
        if (record && (isGood(record) || record.status === 'rolled_back'))
          return this.engine.outputs(stackRef(request.place, name));
        const stack = byName.get(name);
        const isThere = stack && !isGone(stack) && Object.keys(stack.instance.outputs).length > 0;
        return isThere ? stack.instance.outputs : null;
      },
    };
  }
}
