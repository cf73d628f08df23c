import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/kernel/clock.js';
import { stackRef } from '../../orchestrator/engine-config.js';
import { StackEngine } from '../../orchestrator/engine.port.js';
import { OrchestratorService } from '../../orchestrator/orchestrator.service.js';
import { parseText, referencedStacks } from '../../orchestrator/placeholders/parse.js';
import type { Unresolved } from '../../orchestrator/placeholders/resolve.js';
import type { RunView } from '../../orchestrator/run-request.js';
import { upstreamKeys } from '../../orchestrator/upstream-values.js';
import type { StackInstance } from '../environments/environment.js';
import { HealthProbe } from './health-probe.port.js';
import { type StackFacts, type StackVerdict, verified } from './verify-rules.js';

/** Looks at deployed stacks and holds them against the rules POST; changes nothing. */
@Injectable()
export class StackInspection {
  constructor(
    private readonly orchestrator: OrchestratorService,
    private readonly engine: StackEngine,
    private readonly probe: HealthProbe,
    private readonly clock: Clock,
  ) {}

  /**
   * @param instances of the environment
   * @param names stacks to look at, in this order
   * @param deadline ms since 1970; what is not looked at until then is told as skipped
   */
  async inspect(
    view: RunView,
    instances: readonly StackInstance[],
    names: readonly string[],
    deadline: number,
  ): Promise<readonly StackVerdict[]> {
    const standing = instances.filter(({ status }) => status === 'deployed' || status === 'failed');
    const broken = await this.brokenReads(view, standing);
    const stacks: StackVerdict[] = [];
    for (const name of names) {
      const instance = standing.find(({ stack }) => stack === name);
      const isInTime = this.clock.now().getTime() < deadline;
      const facts = instance && isInTime ? await this.factsOf(view, instance, standing, broken) : null;
      stacks.push(verified(name, facts));
    }
    return stacks;
  }

  /** Every read of an output that has no value, by the stacks that are deployed. */
  private async brokenReads(view: RunView, standing: readonly StackInstance[]): Promise<readonly Unresolved[]> {
    const names = standing.filter(({ status }) => status === 'deployed').map(({ stack }) => stack);
    // nothing else is looked up: only what reads outputs
    const stacks = view.stacks.map((stack) => ({ ...stack, config: upstreamKeys(stack, view.place) }));
    const resolved = await this.orchestrator.resolve({ ...view, stacks }, names, 'tolerant');
    return [...resolved.values()].flatMap(({ unresolved }) => unresolved);
  }

  private async factsOf(
    { place, stacks }: RunView,
    instance: StackInstance,
    standing: readonly StackInstance[],
    broken: readonly Unresolved[],
  ): Promise<StackFacts> {
    const { stack } = instance;
    const resources = await this.engine.resources(stackRef(place, stack));
    const open = Object.fromEntries(
      Object.entries(instance.outputs).flatMap(([name, { value, secret }]) => (secret ? [] : [[name, value]])),
    );
    return {
      instance,
      resources: resources.length,
      brokenReads: broken
        .filter(({ placeholder }) => stacksIn(placeholder).includes(stack))
        .map(({ stack: by, placeholder, problem }) => ({ by, placeholder, message: problem.message })),
      readers: stacks
        .filter(({ name, config }) => isDeployed(name, standing) && referencedStacks(config).includes(stack))
        .map(({ name }) => name),
      health: await this.probe.ask(stack, open),
    };
  }
}

function isDeployed(name: string, standing: readonly StackInstance[]): boolean {
  return standing.some(({ stack, status }) => stack === name && status === 'deployed');
}

function stacksIn(placeholder: string): string[] {
  return parseText(placeholder).segments.flatMap((segment) =>
    'placeholder' in segment && segment.placeholder.query.kind === 'output' ? [segment.placeholder.query.stack] : [],
  );
}
