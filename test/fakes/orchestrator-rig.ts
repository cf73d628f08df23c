import { RunSurroundings } from '../../src/modules/orchestrator/run-surroundings.js';
import { OrchestratorService } from '../../src/modules/orchestrator/orchestrator.service.js';
import { StaticCloudQueries } from '../../src/modules/orchestrator/placeholders/static.cloud-queries.js';
import { NO_CHECKS, type RunChecks } from '../../src/modules/orchestrator/run.js';
import type { Plan, RunReport, RunRequest, RunStack } from '../../src/modules/orchestrator/run-request.js';
import type { RunSettings } from '../../src/modules/orchestrator/run-settings.js';
import { RandomIds } from '../../src/shared/kernel/ids.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import { aDeployedInstance } from '../factories/run-request.js';
import { RecordingJournal } from './recording-journal.js';
import { ScriptedEngine, type StackScript } from './scripted-engine.js';
import { VirtualClock } from './virtual-clock.js';

/** An orchestrator on doubles, in virtual time. */
export class OrchestratorRig {
  readonly clock = new VirtualClock();
  readonly engine: ScriptedEngine;
  readonly box = new SecretBox(Buffer.alloc(32, 7));
  readonly service: OrchestratorService;
  journal = new RecordingJournal();

  constructor(scripts: Record<string, StackScript> = {}, settings: Partial<RunSettings> = {}) {
    this.engine = new ScriptedEngine(this.clock, scripts);
    const queries = new StaticCloudQueries({
      parameters: async () => ({ ssm: {}, secrets: { db: 'pa55word' } }),
      inventory: async () => ({ resources: [] }),
    });
    const surroundings = new RunSurroundings('sandbox', this.box, { random: () => 0.5, ...settings });
    this.service = new OrchestratorService(this.engine, queries, this.clock, new RandomIds(), surroundings);
  }

  plan(request: RunRequest): Promise<Plan> {
    return this.service.plan(request);
  }

  run(
    request: RunRequest,
    signal: AbortSignal = new AbortController().signal,
    checks: Partial<RunChecks> = {},
  ): Promise<RunReport> {
    return this.service.run(request, this.journal, signal, { ...NO_CHECKS, ...checks });
  }

  /** The stacks as the next operation finds them. */
  after(stacks: readonly RunStack[]): RunStack[] {
    return stacks.map((stack) => {
      const change = this.journal.instances.get(stack.name);
      const sticky = { ...stack.sticky, ...this.journal.sticky.get(stack.name) };
      if (change?.kind !== 'deployed') return { ...stack, sticky };
      const { fingerprint, config, outputs, dependencies } = change;
      return {
        ...stack,
        sticky,
        instance: aDeployedInstance({ fingerprint, lastConfig: config, outputs, dependencies }),
      };
    });
  }
}
