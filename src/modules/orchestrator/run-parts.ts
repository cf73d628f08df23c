import type { Clock } from '../../shared/kernel/clock.js';
import type { StackEngine, StackOutputs } from './engine.port.js';
import type { Mac } from './fingerprint.js';
import type { PlaceholderResolver } from './placeholders/resolve.js';
import type { Reporter } from './reporter.js';
import type { RunControl } from './run-control.js';
import type { RunPause } from './run-pause.js';
import type { RunNodes } from './run-nodes.js';
import type { RunRequest, RunStack } from './run-request.js';
import type { RunSettings } from './run-settings.js';
import type { StackSlots } from './stack-slots.js';
import { Defect } from '../../shared/errors/app-error.js';

/** Everything the parts of one run share. */
export interface RunParts {
  readonly request: RunRequest;
  readonly graph: RunNodes;
  readonly engine: StackEngine;
  readonly resolver: PlaceholderResolver;
  /** Outputs of stacks that this process has deployed in this run. */
  readonly freshOutputs: Map<string, StackOutputs>;
  readonly clock: Clock;
  readonly box: Mac;
  readonly settings: RunSettings;
  readonly control: RunControl;
  readonly reporter: Reporter;
  readonly slots: StackSlots;
  readonly pause: RunPause;
  /** As shown to users: `sandbox` or `aws`. */
  readonly cloud: string;
}

export function stackOf(request: RunRequest, name: string): RunStack {
  const stack = request.stacks.find((each) => each.name === name);
  if (!stack) throw new Defect(`No stack ${name} in the request of ${request.operationId}`);
  return stack;
}

/** Selected stacks this one needs and that this run touches or has touched. */
export function dependenciesInRun(parts: RunParts, name: string): readonly string[] {
  return parts.graph.nodes.find((node) => node.name === name)?.dependencies ?? [];
}
