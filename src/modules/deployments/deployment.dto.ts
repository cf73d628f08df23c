import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  Allow,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../shared/http/principal.js';
import { PageQuery, ToBoolean } from '../../shared/http/paging.js';
import { type EndpointOutputs, endpointsOf } from './environments/endpoints.js';
import type { Environment, EnvironmentVersion, StackInstance } from './environments/environment.js';
import type { Deployment } from './deployment.js';

/** Generated and custom ids (deployments.md 1.2). */
export const DEPLOYMENT_ID = /^D[0-9A-Z]{5,9}$/;

export class DeploymentParams {
  @ApiProperty({ example: 'DT85S00' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim().toUpperCase() : value))
  @Matches(DEPLOYMENT_ID, {
    message: 'id must be D and 5 to 9 letters or digits',
    context: { code: 'INVALID_DEPLOYMENT_ID' },
  })
  readonly id!: string;
}

export class DeploymentStackParams extends DeploymentParams {
  @ApiProperty({ example: 'network' })
  @Matches(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, { message: 'stack must be a stack name, e.g. network' })
  @MaxLength(40)
  readonly stack!: string;
}

/** Body of POST /deployments; `completeInputs` checks types, formats and ranges of every field. */
export class CreateDeploymentBody {
  @ApiPropertyOptional({ example: 'D1CUSTOM', description: 'Generated when absent' })
  @Allow()
  readonly deploymentId?: string;

  @ApiPropertyOptional({ example: 'demo', description: 'Required; the organization of the caller' })
  @Allow()
  readonly organization?: string;

  @ApiPropertyOptional({ description: 'Alias of organization' })
  @Allow()
  readonly org?: string;

  @ApiProperty({ example: 'Web Shop' })
  @Allow()
  readonly project!: string;

  @ApiProperty({ example: 'shop.example.com' })
  @Allow()
  readonly domain!: string;

  @ApiPropertyOptional({ default: 'default', example: 'minimal' })
  @Allow()
  readonly template?: string;

  @ApiPropertyOptional({
    example: '1.0.0',
    description: 'An earlier version of a custom template; default: the newest',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  readonly templateVersion?: string;

  @ApiPropertyOptional({ default: 'us-east-1' })
  @Allow()
  readonly region?: string;

  @ApiPropertyOptional({ default: 'us-west-2' })
  @Allow()
  readonly regionSecondary?: string;

  @ApiPropertyOptional({ type: Object, example: { dev: 'us-east-1' } })
  @Allow()
  readonly regions?: Record<string, string>;

  @ApiProperty({ type: Object, example: { dev: '111111111111' } })
  @IsDefined({ message: 'accounts.dev is required' })
  @IsObject({ message: 'accounts must be an object' })
  readonly accounts!: Record<string, string>;

  @ApiPropertyOptional()
  @Allow()
  readonly pulumiOrg?: string;

  @ApiPropertyOptional({ maxLength: 1000 })
  @Allow()
  readonly description?: string;

  @ApiPropertyOptional({ default: 'infrastructure' })
  @Allow()
  readonly team?: string;

  @ApiPropertyOptional({ default: 'engineering' })
  @Allow()
  readonly costCenter?: string;

  @ApiPropertyOptional({ type: Object, example: { email: 'ops@example.com' } })
  @IsOptional()
  @IsObject()
  readonly contact?: { email?: string; team?: string };

  @ApiPropertyOptional({ type: Object, example: { purpose: 'trial' } })
  @Allow()
  readonly tags?: Record<string, string>;

  @ApiPropertyOptional({ type: [String] })
  @Allow()
  readonly stacksEnabled?: string[];

  @ApiPropertyOptional({ type: [String] })
  @Allow()
  readonly stacksDisabled?: string[];

  @ApiPropertyOptional({ type: Object, example: { VPC_CIDR_DEV: '10.50.0.0/16' } })
  @Allow()
  readonly variables?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Object, example: { stacks: { network: { config: { azCount: 2 } } } } })
  @Allow()
  readonly overrides?: Record<string, unknown>;
}

export class UpdateDeploymentBody {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  readonly domain?: string;

  @ApiPropertyOptional({ maxLength: 1000 })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  readonly description?: string;

  @ApiPropertyOptional({ maxLength: 64 })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  readonly costCenter?: string;

  @ApiPropertyOptional({ type: Object })
  @IsOptional()
  @IsObject()
  readonly contact?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Object, description: 'The whole map' })
  @IsOptional()
  @IsObject()
  readonly tags?: Record<string, string>;

  @ApiPropertyOptional({
    type: Object,
    example: { network: { config: { vpcCidr: '10.60.0.0/16' } } },
    description: 'name → {enabled, priority, config, environments}',
  })
  @IsOptional()
  @IsObject()
  readonly stacks?: Record<string, Record<string, unknown>>;

  @ApiPropertyOptional({
    type: Object,
    example: { stage: { enabled: true } },
    description: 'dev, stage, prod → {enabled, account, region}',
  })
  @IsOptional()
  @IsObject()
  readonly environments?: Record<string, Record<string, unknown>>;

  @ApiPropertyOptional({
    type: Object,
    description: 'A whole manifest, as object or as YAML or JSON text; other fields are merged over it',
  })
  @Allow()
  readonly manifest?: unknown;
}

export class StackConfigBody {
  @ApiProperty({ enum: ENVIRONMENTS })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiProperty({ type: Object, example: { vpcCidr: '10.60.0.0/16' }, description: 'Merged deeply; null removes a key' })
  @IsDefined()
  @IsObject()
  readonly configuration!: Record<string, unknown>;
}

/** Statuses of deployments, then those of environments alone, then the two groups (api.md 5.1). */
const STATUSES = [
  'initialized',
  'deploying',
  'deployed',
  'partial',
  'failed',
  'destroying',
  'destroyed',
  'unknown',
  'initializing',
  'validating',
  'ready',
  'disabled',
  'rolling_back',
  'rolled_back',
  'active',
  'inactive',
] as const;

export class DeploymentsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ['createdAt', 'updatedAt', 'deploymentId', 'lastDeployedAt'], default: 'createdAt' })
  @IsOptional()
  @IsIn(['createdAt', 'updatedAt', 'deploymentId', 'lastDeployedAt'])
  readonly sortBy: 'createdAt' | 'updatedAt' | 'deploymentId' | 'lastDeployedAt' = 'createdAt';

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc' })
  @IsOptional()
  @IsIn(['asc', 'desc'])
  readonly sortOrder: 'asc' | 'desc' = 'desc';

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly organization?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly project?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(70)
  readonly template?: string;

  @ApiPropertyOptional({ enum: ENVIRONMENTS, description: 'Enabled in it' })
  @IsOptional()
  @IsIn(ENVIRONMENTS)
  readonly environment?: EnvironmentName;

  @ApiPropertyOptional({
    description: 'Comma list; a status that only environments have finds deployments with such an environment',
    enum: STATUSES,
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsArray()
  @IsIn(STATUSES, { each: true })
  readonly status?: (typeof STATUSES)[number][];

  @ApiPropertyOptional({ example: 'purpose:trial' })
  @IsOptional()
  @Matches(/^[^:.$\0]{1,128}:.{0,256}$/, { message: 'tag must be key:value' })
  readonly tag?: string;

  @ApiPropertyOptional({ maxLength: 200 })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly search?: string;

  @ApiPropertyOptional({ default: false, description: 'Also destroyed ones' })
  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  readonly all: boolean = false;
}

export class EnvironmentQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;
}

export class StatusQuery extends EnvironmentQuery {
  @ApiPropertyOptional({ example: 'network' })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  readonly stack?: string;
}

export class ManifestQuery extends EnvironmentQuery {
  @ApiPropertyOptional({ enum: ['json', 'yaml'], default: 'json' })
  @IsOptional()
  @IsIn(['json', 'yaml'])
  readonly format: 'json' | 'yaml' = 'json';
}

export class DetailQuery {
  @ApiPropertyOptional({ default: 'manifest', description: 'Comma list; empty leaves the manifest out' })
  @IsOptional()
  @IsString()
  readonly include: string = 'manifest';
}

export class VersionsQuery extends PageQuery {
  @ApiProperty({ enum: ENVIRONMENTS })
  @IsDefined({ message: 'environment is required' })
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({ example: 'network' })
  @IsOptional()
  @Matches(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  readonly stack?: string;
}

/** A stack as the manifest has it, with its layer. */
export interface ManifestStackView {
  readonly name: string;
  readonly enabled: boolean;
  readonly layer: number;
  readonly dependencies: readonly string[];
}

export function toDeploymentListItem(
  deployment: Deployment,
  environments: readonly Environment[],
): Record<string, unknown> {
  return {
    deploymentId: deployment.deploymentId,
    organization: deployment.organization,
    project: deployment.project,
    domain: deployment.domain,
    template: deployment.template,
    status: deployment.status,
    environments: Object.fromEntries(
      environments.map((e) => [e.environment, { enabled: e.enabled, status: e.status }]),
    ),
    createdAt: deployment.createdAt,
    updatedAt: deployment.updatedAt,
    lastDeployedAt: deployment.lastDeployedAt,
  };
}

/** The create shape of api.md 3.3. */
export function toDeploymentDto(
  deployment: Deployment,
  environments: readonly Environment[],
  stacks: readonly ManifestStackView[],
  instances: readonly StackInstance[],
  endpoints: EndpointOutputs,
): Record<string, unknown> {
  return {
    deploymentId: deployment.deploymentId,
    organization: deployment.organization,
    project: deployment.project,
    domain: deployment.domain,
    template: deployment.template,
    templateVersion: deployment.templateVersion,
    description: deployment.description,
    status: deployment.status,
    directory: deployment.directory,
    createdAt: deployment.createdAt,
    createdBy: deployment.createdBy,
    revision: deployment.revision,
    configFiles: stacks.filter((s) => s.enabled).length * environments.length,
    environments: environments.map((environment) => toEnvironmentDto(environment, instances, endpoints)),
    stacks: stacks.map((stack) => ({
      name: stack.name,
      layer: stack.layer,
      enabled: stack.enabled,
      dependencies: stack.dependencies,
      ...stackStanding(instances.filter((i) => i.stack === stack.name)),
    })),
    contact: deployment.contact,
    costCenter: deployment.costCenter,
    tags: deployment.tags,
  };
}

export function toEnvironmentDto(
  environment: Environment,
  instances: readonly StackInstance[],
  endpoints: EndpointOutputs,
): Record<string, unknown> {
  const own = instances.filter((i) => i.environment === environment.environment);
  return {
    name: environment.environment,
    enabled: environment.enabled,
    region: environment.region,
    account: environment.account,
    status: environment.status,
    version: environment.version,
    stacksDeployed: own.filter((i) => i.status === 'deployed').length,
    stacksFailed: own.filter((i) => i.status === 'failed').length,
    lastDeployedAt: environment.lastDeployedAt,
    endpoints: endpointsOf(own, endpoints),
    currentOperationId: environment.currentOperationId,
  };
}

/** Status over all environments and, per environment, what a reader wants at a glance; secret outputs as `***`. */
function stackStanding(instances: readonly StackInstance[]): Record<string, unknown> {
  const deployed = instances.find((i) => i.status === 'deployed');
  return {
    status: deployed?.status ?? instances.find((i) => i.status !== 'not_deployed')?.status ?? 'not_deployed',
    environments: Object.fromEntries(instances.map((i) => [i.environment, toInstanceDto(i)])),
  };
}

export function toInstanceDto(instance: StackInstance): Record<string, unknown> {
  return {
    status: instance.status,
    stackVersion: instance.stackVersion,
    outputs: shownOutputs(instance),
    resourceCount: instance.resourceCount,
    lastDeployedAt: instance.lastDeployedAt,
    driftDetected: instance.driftDetected,
  };
}

/** Output values; secret ones as `***`. */
export function shownOutputs(instance: Pick<StackInstance, 'outputs'>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(instance.outputs).map(([name, output]) => [name, output.secret ? '***' : output.value]),
  );
}

export function toVersionDto(version: EnvironmentVersion, current: number): Record<string, unknown> {
  return {
    version: version.version,
    kind: version.kind,
    operationId: version.operationId,
    manifestRevision: version.manifestRevision,
    createdAt: version.createdAt,
    createdBy: version.createdBy,
    stacks: Object.fromEntries(
      Object.entries(version.stacks).map(([name, stack]) => [
        name,
        {
          stackVersion: stack.stackVersion,
          status: stack.status,
          fingerprint: stack.fingerprint,
          resourceCount: stack.resourceCount,
        },
      ]),
    ),
    rolledBackTo: version.rolledBackTo,
    rolledBackFrom: version.rolledBackFrom,
    current: version.version === current,
  };
}
