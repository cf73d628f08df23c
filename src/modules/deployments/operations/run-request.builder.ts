import { Injectable } from '@nestjs/common';
import { Config } from '../../../shared/config/config.js';
import { Defect, NotFound, Refused } from '../../../shared/errors/app-error.js';
import { StacksService } from '../../stacks/stacks.service.js';
import { isUpkeep } from '../../orchestrator/run-nodes.js';
import type {
  InstanceFacts,
  RunPlace,
  RunRequest,
  RunStack,
  RunView,
  StateImport,
} from '../../orchestrator/run-request.js';
import type { Deployment } from '../deployment.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import type { Environment, StackInstance } from '../environments/environment.js';
import { EnvironmentsRepository } from '../environments/environments.repository.js';
import { StackInstancesRepository, untouchedInstance } from '../environments/stack-instances.repository.js';
import { VersionSnapshots } from '../environments/version-snapshots.js';
import { VersionsRepository } from '../environments/versions.repository.js';
import { isStackOn, type Manifest } from '../manifest/manifest.js';
import { stackNodes } from '../manifest/manifest-context.js';
import { ManifestVault } from '../manifest-vault.js';
import { mergeConfig } from '../manifest/resolve-config.js';
import { StateBackupsRepository } from '../state/state-backups.repository.js';
import { eventScope } from './operation-scope.js';
import type { Operation } from './operation.js';
import { isStanding, rollbackTo, type RollbackTarget } from './rollback-target.js';

/** Everything stored about one environment that a run starts from. */
export interface RunBasis {
  readonly deployment: Deployment;
  readonly manifest: Manifest;
  readonly environment: Environment;
  readonly instances: readonly StackInstance[];
  readonly sticky: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Of a rollback. */
  readonly target?: RollbackTarget;
  /** Of a state import. */
  readonly stateImport?: StateImport;
}

/** A manifest that is to be saved together with the operation that is planned with it. */
export type Candidate = Pick<RunBasis, 'deployment' | 'manifest' | 'environment'>;

/** What of an operation decides how its stacks look. */
type Selection = Pick<Operation, 'overrides' | 'selectedStacks'> & {
  readonly parameters: Pick<Operation['parameters'], 'skipStacks' | 'regenerate'>;
  readonly state?: Operation['state'];
};
const EVERYTHING: Selection = { overrides: {}, selectedStacks: null, parameters: { skipStacks: [] } };

/** Versions and what opens them, and kept states. */
@Injectable()
export class VersionReader {
  constructor(
    readonly repository: VersionsRepository,
    readonly snapshots: VersionSnapshots,
    readonly backups: StateBackupsRepository,
  ) {}
}

/** Turns what is stored into the plain data that the orchestrator works with. */
@Injectable()
export class RunRequestBuilder {
  constructor(
    private readonly config: Config,
    private readonly stacks: StacksService,
    private readonly deployments: DeploymentsRepository,
    private readonly vault: ManifestVault,
    private readonly environments: EnvironmentsRepository,
    private readonly instances: StackInstancesRepository,
    private readonly versions: VersionReader,
  ) {}

  /** @throws NotFound when the deployment is gone; Defect when its revision or environment is */
  async basis(
    operation: Pick<Operation, 'deploymentId' | 'environment' | 'manifestRevision' | 'type' | 'parameters'>,
    candidate: Candidate | null = null,
  ): Promise<RunBasis> {
    const standing = candidate ? await this.with(candidate) : await this.standing(operation);
    const { stateImport } = operation.parameters;
    if (stateImport) return { ...standing, stateImport: await this.imported(operation.deploymentId, stateImport) };
    return operation.type === 'rollback' ? { ...standing, target: await this.target(operation) } : standing;
  }

  /** What stands in an environment, seen with a revision of the manifest. @throws as `basis` */
  async standing({
    deploymentId,
    environment: name,
    manifestRevision,
  }: Pick<Operation, 'deploymentId' | 'environment' | 'manifestRevision'>): Promise<RunBasis> {
    const deployment = await this.deployments.find(deploymentId);
    const manifest = await this.vault.open(deploymentId, manifestRevision);
    const environment = await this.environments.find(deploymentId, name);
    if (!deployment) throw new NotFound('deployment', deploymentId); // deleted since it was asked for
    if (!manifest || !environment) {
      throw new Defect(`Revision ${manifestRevision} or environment ${name} of ${deploymentId} is gone`);
    }
    return this.with({ deployment, manifest, environment });
  }

  private async with(candidate: Candidate): Promise<RunBasis> {
    const { deploymentId, environment } = candidate.environment;
    return {
      ...candidate,
      instances: await this.instances.listOf(deploymentId, environment),
      sticky: await this.instances.stickyOf(deploymentId, environment),
    };
  }

  private async imported(
    deploymentId: string,
    source: NonNullable<Operation['parameters']['stateImport']>,
  ): Promise<StateImport> {
    if ('resources' in source) return { kind: 'resources', resources: source.resources };
    const backup = await this.versions.backups.find(deploymentId, source.backupId);
    const state = backup && Object.values(backup.states)[0];
    if (!state) throw new Defect(`State backup ${source.backupId} of ${deploymentId} is gone`);
    return { kind: 'state', state };
  }

  private async target({
    deploymentId,
    environment,
    parameters,
  }: Pick<Operation, 'deploymentId' | 'environment' | 'parameters'>): Promise<RollbackTarget> {
    const version = await this.versions.repository.find(deploymentId, environment, parameters.toVersion ?? 0);
    if (!version) throw new Defect(`Version ${parameters.toVersion} of ${deploymentId} ${environment} is gone`);
    return { version, stacks: this.versions.snapshots.open(version) };
  }

  /** @param previousHolder the process that died while it ran the operation; the run goes on from its journal, with the standing of before the operation. null = the first one */
  async forRun(operation: Operation, fence: number, previousHolder: string | null): Promise<RunRequest> {
    const request = this.compose(operation, await this.basis(operation), fence);
    if (previousHolder === null || !operation.state) return request;
    const stacks = request.stacks.map((stack) => ({
      ...stack,
      instance: operation.before?.[stack.name] ?? stack.instance,
    }));
    return { ...request, stacks, resume: operation.state, previousHolder };
  }

  compose(operation: Operation, basis: RunBasis, fence: number): RunRequest {
    return {
      operationId: operation.operationId,
      type: operation.type === 'clone' ? 'deploy' : operation.type,
      startedBy: operation.startedBy,
      scope: eventScope(operation),
      place: this.place(basis),
      options: operation.parameters,
      ...this.work(operation, basis),
      environmentVersion: basis.environment.version,
      manifestRevision: operation.manifestRevision,
      fence,
    };
  }

  /** The stacks of the environment as a deployment of all of it would see them; for checks and explanations. */
  view(basis: RunBasis): RunView {
    return { place: this.place(basis), stacks: this.stacksToDeploy(EVERYTHING, basis) };
  }

  /** Where the environment is. */
  place({ deployment, environment, manifest }: RunBasis): RunPlace {
    return {
      organization: deployment.organization,
      organizationName: deployment.organization,
      pulumiOrg: deployment.pulumiOrg,
      project: deployment.projectSlug,
      projectName: deployment.project,
      domain: deployment.domain,
      deploymentId: deployment.deploymentId,
      environment: environment.environment,
      account: environment.account,
      region: environment.region,
      environmentConfig: manifest.spec.environments[environment.environment]?.config ?? {},
      processEnv: this.config.runtimeEnv,
    };
  }

  private work(operation: Operation, basis: RunBasis): Pick<RunRequest, 'stacks' | 'rollbackTo' | 'stateImport'> {
    const { stateImport } = basis;
    if (stateImport) {
      const instance = this.instanceOf(basis, operation.stack ?? '');
      return { stacks: this.stacksAsTheyAre(operation, basis, [instance]), stateImport };
    }
    if (operation.type.startsWith('destroy') || (operation.type !== 'clone' && isUpkeep(operation.type))) {
      return { stacks: this.standingStacks(operation, basis) };
    }
    if (!basis.target) return { stacks: this.stacksToDeploy(operation, basis) };
    const before = basis.instances.map((instance) => ({ ...instance, ...operation.before?.[instance.stack] }));
    return {
      stacks: this.stacksToRollBack(operation, basis, basis.target),
      rollbackTo: rollbackTo(basis.target, before, operation.stack),
    };
  }

  private stacksToDeploy(operation: Selection, basis: RunBasis): RunStack[] {
    const { manifest, environment } = basis;
    const names = Object.keys(manifest.spec.stacks).filter((name) =>
      isStackOn(manifest, name, environment.environment),
    );
    const merged = new Map(
      names.map((name) => [
        name,
        mergeConfig(manifest, this.stacks.template(name), environment.environment, operation.overrides[name] ?? {}),
      ]),
    );
    const nodes = stackNodes(manifest, this.stacks.templates(), environment.environment, [...merged.values()]);
    return nodes.map((node): RunStack => {
      const template = this.stacks.template(node.name);
      const config = merged.get(node.name);
      const instance = this.instanceOf(basis, node.name);
      return {
        ...this.facts(operation, node.name, instance),
        priority: node.priority,
        dependencies: node.dependencies,
        critical: template.critical,
        ...estimateOf(instance, template.estimatedDuration),
        templateHash: template.templateHash,
        inputs: template.inputs,
        outputs: template.outputs,
        config: config?.values ?? {},
        secretKeys: config?.secretKeys ?? [],
        sticky: keptSticky(node.name, basis.sticky[node.name] ?? {}, operation),
        optionalDependencies: template.optionalDependencies,
        expectedResources: instance.resourceCount || template.estimatedResources,
      };
    });
  }

  /** The graph is that of the last deployment, also for stacks that the manifest no longer has (deployments.md 7.10). */
  private standingStacks(operation: Operation, basis: RunBasis): RunStack[] {
    const standing = basis.instances.filter(({ status }) => isStanding(status));
    return this.stacksAsTheyAre(operation, basis, standing);
  }

  private stacksAsTheyAre(operation: Operation, basis: RunBasis, instances: readonly StackInstance[]): RunStack[] {
    const present = new Set(instances.map((i) => i.stack));
    return instances.map((instance): RunStack => {
      const template = this.stacks.findTemplate(instance.stack);
      return {
        ...this.facts(operation, instance.stack, instance),
        priority: basis.manifest.spec.stacks[instance.stack]?.priority ?? template?.priority ?? 100,
        dependencies: instance.dependencies.filter((name) => present.has(name)),
        critical: template?.critical ?? true,
        ...estimateOf(instance, template?.estimatedDuration ?? 180),
        templateHash: template?.templateHash ?? '',
        inputs: template?.inputs ?? {},
        outputs: template?.outputs ?? {},
        config: {},
        secretKeys: [],
        sticky: {},
        expectedResources: instance.resourceCount,
      };
    });
  }

  /** What is there and what was there then, with the dependencies of whichever is applied. */
  private stacksToRollBack(operation: Operation, basis: RunBasis, target: RollbackTarget): RunStack[] {
    const standing = basis.instances.filter((i) => isStanding(i.status)).map((i) => i.stack);
    const then = Object.keys(target.stacks).filter((name) => target.stacks[name]?.status === 'deployed');
    const names = [...new Set([...standing, ...then])];
    return names.map((name): RunStack => {
      const template = this.stacks.findTemplate(name);
      const instance = this.instanceOf(basis, name);
      const dependencies = target.stacks[name]?.dependencies ?? instance.dependencies;
      return {
        ...this.facts(operation, name, instance),
        priority: basis.manifest.spec.stacks[name]?.priority ?? template?.priority ?? 100,
        dependencies: dependencies.filter((each) => names.includes(each)),
        critical: template?.critical ?? true,
        ...estimateOf(instance, template?.estimatedDuration ?? 180),
        templateHash: template?.templateHash ?? '',
        inputs: template?.inputs ?? {},
        outputs: template?.outputs ?? {},
        config: {},
        secretKeys: [],
        sticky: basis.sticky[name] ?? {},
        expectedResources: target.stacks[name]?.resourceCount ?? instance.resourceCount,
      };
    });
  }

  private facts(
    operation: Selection,
    name: string,
    instance: StackInstance,
  ): Pick<RunStack, 'name' | 'selected' | 'skipManually' | 'programDir' | 'codeHash' | 'instance'> {
    const source = this.stacks.source(name);
    return {
      name,
      selected: operation.selectedStacks?.includes(name) ?? true,
      skipManually: operation.parameters.skipStacks.includes(name),
      programDir: source.programDir,
      codeHash: source.codeHash,
      instance: toFacts(instance),
    };
  }

  private instanceOf(basis: RunBasis, stack: string): StackInstance {
    const { deploymentId, environment, organization } = basis.environment;
    return (
      basis.instances.find((instance) => instance.stack === stack) ??
      untouchedInstance({ deploymentId, environment, stack, organization })
    );
  }
}

/** Values to make anew are left out, until the stack has begun: from then on they are those this operation made. */
function keptSticky(
  stack: string,
  sticky: Readonly<Record<string, string>>,
  { parameters, state }: Selection,
): Readonly<Record<string, string>> {
  const dropped = parameters.regenerate ?? [];
  const hasBegun = (state?.stacks[stack]?.status ?? 'pending') !== 'pending';
  if (dropped.length === 0 || hasBegun) return sticky;
  return Object.fromEntries(Object.entries(sticky).filter(([key]) => !dropped.includes(`${stack}.${stickyPath(key)}`)));
}

/** `<config path>|<canonical text>` → path. */
export function stickyPath(key: string): string {
  return key.split('|', 1)[0] ?? key;
}

/** A run in another process may have died while the stack was being changed: it counts as failed until it runs again. */
function toFacts(instance: StackInstance): InstanceFacts {
  return {
    status: instance.status,
    stackVersion: instance.stackVersion,
    fingerprint: instance.fingerprint,
    lastOperationSucceeded: instance.lastOperationSucceeded,
    driftDetected: instance.driftDetected,
    outputs: instance.outputs,
    dependencies: instance.dependencies,
    lastDeployedAt: instance.lastDeployedAt,
    lastConfig: instance.lastConfig,
  };
}

/** Mean of the last five successful runs, else the template's estimate (deployments.md 6.5). Seconds. */
/** Mean and range of the last successful runs, else what the template says (deployments.md 6.5). */
function estimateOf(
  { durations }: StackInstance,
  fallback: number,
): Required<Pick<RunStack, 'estimateSeconds' | 'estimateRange'>> {
  const runs = durations.length;
  if (runs === 0) {
    const seconds = fallback || 180;
    return { estimateSeconds: seconds, estimateRange: { from: seconds, to: seconds, runs } };
  }
  const inSeconds = (value: number): number => Math.max(1, Math.round(value));
  return {
    estimateSeconds: inSeconds(durations.reduce((a, b) => a + b, 0) / runs),
    estimateRange: { from: inSeconds(Math.min(...durations)), to: inSeconds(Math.max(...durations)), runs },
  };
}

export function disabledEnvironment(environment: string): Refused {
  return new Refused('ENVIRONMENT_DISABLED', `Environment ${environment} is not enabled`, {
    details: { environment },
    suggestion: `Enable ${environment} first.`,
  });
}
