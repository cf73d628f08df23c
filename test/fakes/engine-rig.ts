import { join } from 'node:path';
import type { EngineEvent, StackEngine, StackRun, StackRunResult } from '../../src/modules/orchestrator/engine.port.js';
import { PROJECT_ROOT } from '../../src/shared/kernel/paths.js';
import type { Log } from '../../src/shared/kernel/log.js';
import type { TestCloud } from './test-cloud.js';

export const PROGRAMS = join(PROJECT_ROOT, 'test/fixtures/programs');

export const silentLog: Log = { isOn: () => false, debug: none, info: none, warn: none, error: none };
function none(): void {}

/** One resource of the scenario program; see test/fixtures/programs/scenario. */
export interface ScenarioResource {
  readonly name: string;
  /** Default `aws:ec2/vpc:Vpc`. */
  readonly type?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** Id of an existing resource that is only read. */
  readonly get?: unknown;
  /** A component. */
  readonly group?: boolean;
  /** Pulumi options; parent, dependsOn, deletedWith and provider by name. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The program throws here. */
  readonly throws?: string;
}

export interface Scenario {
  readonly resources?: readonly ScenarioResource[];
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** JavaScript that the program runs at its end. */
  readonly code?: string;
  readonly secrets?: Readonly<Record<string, string>>;
}

export const ref = (reference: string): unknown => ({ $ref: reference });
export const secret = (text: string): unknown => ({ $secret: text });

/** An engine on a test cloud, with everything it reported. */
export class EngineRig {
  readonly events: EngineEvent[] = [];

  constructor(
    readonly engine: StackEngine,
    readonly cloud: TestCloud,
    private readonly organization = 'acme',
  ) {}

  run(scenario: Scenario, changes: Partial<StackRun> = {}): StackRun {
    const { resources = [], outputs = {}, code = '', secrets = {} } = scenario;
    return {
      organization: this.organization,
      pulumiOrg: 'organization',
      project: 'shop',
      stack: 'D1-network-dev',
      account: '123456789012',
      region: 'us-east-1',
      programDir: join(PROGRAMS, 'scenario'),
      config: {
        'aws:region': 'us-east-1',
        'scenario:resources': JSON.stringify(resources),
        'scenario:outputs': JSON.stringify(outputs),
        'scenario:code': code,
        ...secrets,
      },
      secretKeys: Object.keys(secrets),
      fence: 1,
      signal: new AbortController().signal,
      onEvent: (event) => this.events.push(event),
      ...changes,
    };
  }

  up(scenario: Scenario, changes?: Partial<StackRun>): Promise<StackRunResult> {
    return this.engine.up(this.run(scenario, changes));
  }

  preview(scenario: Scenario, changes?: Partial<StackRun>): Promise<StackRunResult> {
    return this.engine.preview(this.run(scenario, changes));
  }

  destroy(changes?: Partial<StackRun>): Promise<StackRunResult> {
    return this.engine.destroy(this.run({}, changes));
  }

  /** `<action> <name>` of every finished resource since the last call; `same` left out. */
  done(): string[] {
    return this.events
      .splice(0)
      .flatMap((event) =>
        event.kind === 'resource_done' && event.action !== 'same' ? [`${event.action} ${event.name}`] : [],
      );
  }

  messages(): string[] {
    return this.events.flatMap((event) => (event.kind === 'log' ? [`${event.level}: ${event.message}`] : []));
  }
}
