import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { PageQuery, ToInt, ToList } from '../../../shared/http/paging.js';
import type { StackRunRecord } from '../../orchestrator/run-request.js';
import { DeploymentParams } from '../deployment.dto.js';
import { WebhookUrlField } from '../webhooks/webhook-url.field.js';
import { driftResult } from './drift-view.js';
import { remainingSeconds } from './progress-view.js';
import type { Operation } from './operation.js';

export const OPERATION_ID = /^op-[a-z0-9]{6,32}$/;

/** `true` → the default number, `false` → 1, a number stays. */
function isParallel(value: unknown): boolean {
  return typeof value === 'boolean' || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 16);
}

class RunBody {
  @WebhookUrlField()
  readonly webhookUrl?: string;

  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({ default: false, description: 'Plan only: nothing changes' })
  @IsOptional()
  @IsBoolean()
  readonly preview?: boolean;

  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { type: 'integer', minimum: 1, maximum: 16 }],
    description: 'Stacks at once',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (isParallel(value) ? value : Number.NaN))
  @IsIn([true, false, ...Array.from({ length: 16 }, (_, i) => i + 1)], {
    message: 'parallel must be true, false or 1 to 16',
  })
  readonly parallel?: boolean | number;

  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  readonly continueOnError?: boolean;

  @ApiPropertyOptional({ type: [String], example: ['network'], description: 'Names or globs with *' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  readonly stackFilter?: string[];

  @ApiPropertyOptional({ description: 'true or the deployment id, where a confirmation is asked for' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => value)
  readonly confirm?: boolean | string;

  @ApiPropertyOptional({ default: false, description: 'Wait behind the running operation instead of 409' })
  @IsOptional()
  @IsBoolean()
  readonly waitForLock?: boolean;

  @ApiPropertyOptional({ minimum: 10, maximum: 86_400, description: 'Seconds per stack' })
  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(86_400)
  readonly timeoutSeconds?: number;
}

export class DeployBody extends RunBody {
  @ApiPropertyOptional({ enum: ['ready', 'layer'], default: 'ready' })
  @IsOptional()
  @IsIn(['ready', 'layer'])
  readonly schedule?: 'ready' | 'layer';

  @ApiPropertyOptional({ default: true })
  @IsOptional()
  @IsBoolean()
  readonly smartSkip?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Run also what did not change' })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;

  @ApiPropertyOptional({ type: [String] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  readonly skipStacks?: string[];

  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  readonly includeDependencies?: boolean;

  @ApiPropertyOptional({ default: true, description: 'Default false with continueOnError' })
  @IsOptional()
  @IsBoolean()
  readonly rollbackOnError?: boolean;

  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  readonly skipValidation?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Warnings about programs become errors' })
  @IsOptional()
  @IsBoolean()
  readonly strict?: boolean;

  @ApiPropertyOptional({ default: true, description: 'Hold programs to their templates before the run' })
  @IsOptional()
  @IsBoolean()
  readonly validateCode?: boolean;

  @ApiPropertyOptional({
    type: [String],
    example: ['database-rds.masterPassword'],
    description: '`<stack>.<config path>` of random passwords and ids to make anew; otherwise they are kept',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Matches(/^[a-z][a-z0-9-]*\.\S{1,512}$/, { each: true, message: 'regenerate must hold <stack>.<config path>' })
  readonly regenerate?: string[];

  @ApiPropertyOptional({
    type: Object,
    example: { network: { azCount: 3 } },
    description: 'Configuration of this run only: stack → key → value',
  })
  @IsOptional()
  @IsObject()
  readonly overrides?: Record<string, Record<string, unknown>>;

  @ApiPropertyOptional({ maxLength: 500 })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  readonly message?: string;

  @ApiPropertyOptional({
    example: 'op-4f0c8m2x1q9z',
    description:
      'A preview to execute as it was reviewed: what it decided must not be given again; 409 PLAN_STALE when something changed',
  })
  @IsOptional()
  @Matches(OPERATION_ID, { message: 'planId must be the id of a preview operation' })
  readonly planId?: string;

  @ApiPropertyOptional({
    example: 'op-4f0c8m2x1q9z',
    description: 'A failed or cancelled operation that this one continues',
  })
  @IsOptional()
  @Matches(OPERATION_ID, { message: 'resumedFrom must be the id of an operation' })
  readonly resumedFrom?: string;
}

export class RetryBody {
  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { type: 'string' }],
    description: 'true or the deployment id, where a confirmation is asked for',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => value)
  readonly confirm?: boolean | string;

  @ApiPropertyOptional({ default: false, description: 'Wait behind the running operation instead of 409' })
  @IsOptional()
  @IsBoolean()
  readonly waitForLock?: boolean;

  @ApiPropertyOptional({ maxLength: 500 })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  readonly message?: string;
}

export class DestroyBody extends RunBody {
  @ApiPropertyOptional({ default: false, description: 'dev and stage only, instead of confirm' })
  @IsOptional()
  @IsBoolean()
  readonly skipConfirmation?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Ignore dependents outside the filter' })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;
}

export class CancelBody {
  @ApiPropertyOptional({ maxLength: 500 })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  readonly reason?: string;

  @ApiPropertyOptional({ default: false, description: 'No grace for running stacks' })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;

  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  readonly rollback?: boolean;
}

export class OperationParams extends DeploymentParams {
  @ApiProperty({ example: 'op-4f0c8m2x1q9z' })
  @Matches(OPERATION_ID, { message: 'op must look like op-4f0c8m2x1q9z' })
  readonly op!: string;
}

export class OperationsQuery extends PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 50 })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(100)
  override readonly limit: number = 50;

  @ApiPropertyOptional({ enum: ENVIRONMENTS })
  @IsOptional()
  @IsIn(ENVIRONMENTS)
  readonly environment?: EnvironmentName;

  @ApiPropertyOptional({ description: 'Comma list', example: 'deploy,destroy' })
  @IsOptional()
  @ToList()
  @IsIn(
    [
      'deploy',
      'destroy',
      'deploy-stack',
      'destroy-stack',
      'rollback',
      'refresh',
      'drift-detect',
      'drift-fix',
      'state-import',
      'clone',
      'migrate',
    ],
    { each: true },
  )
  readonly type?: string[];

  @ApiPropertyOptional({ description: 'Comma list', example: 'in_progress' })
  @IsOptional()
  @ToList()
  @IsIn(['pending', 'in_progress', 'success', 'failed', 'cancelled'], { each: true })
  readonly status?: string[];

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(254)
  readonly startedBy?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsISO8601()
  readonly from?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsISO8601()
  readonly to?: string;
}

/** Operation of api.md 3.4; what leaves the server is listed field by field. */
export function toOperationDto(
  operation: Operation,
  extra: { readonly logs?: readonly unknown[]; readonly queuePosition?: number } = {},
): Record<string, unknown> {
  const records = Object.values(operation.state?.stacks ?? {});
  const of = (...statuses: readonly string[]): StackRunRecord[] => records.filter((r) => statuses.includes(r.status));
  const done = of('deployed', 'destroyed', 'rolled_back');
  const running = of('deploying', 'destroying', 'rolling_back');
  const failed = of('failed');
  const skipped = of('skipped');
  const unchanged = skipped.filter((r) => r.skipReason === 'unchanged');
  const total = records.length || (operation.plan?.totalStacks ?? 0);
  const open = operation.status === 'pending' || operation.status === 'in_progress';
  return {
    operationId: operation.operationId,
    deploymentId: operation.deploymentId,
    environment: operation.environment,
    stack: operation.stack,
    type: operation.type,
    preview: operation.preview && operation.type !== 'drift-detect',
    status: operation.status,
    phase: operation.phase,
    engine: operation.engine,
    cloud: operation.cloud,
    manifestRevision: operation.manifestRevision,
    plan: operation.plan && planView(operation),
    resumedFrom: operation.resumedFrom,
    takeovers: operation.takeovers,
    startedAt: operation.startedAt ?? operation.createdAt,
    completedAt: operation.completedAt,
    startedBy: operation.startedBy,
    correlationId: operation.correlationId,
    parameters: shownParameters(operation),
    progress: {
      totalStacks: total,
      completedStacks: done.length,
      failedStacks: failed.length,
      inProgressStacks: running.length,
      pendingStacks: of('pending').length,
      skippedStacks: skipped.length,
      percentage: total === 0 ? 0 : Math.floor((100 * (done.length + unchanged.length)) / total),
    },
    currentLayer: currentLayerOf(records),
    totalLayers: operation.state?.totalLayers ?? operation.plan?.totalLayers ?? 0,
    currentStacks: running.map((r) => ({
      name: r.name,
      status: r.status,
      startedAt: r.startedAt ?? null,
      progress: r.progressPercent,
      resourcesCreated: r.resources.created,
      resourcesTotal: r.resources.total,
    })),
    completedStacks: done.map((r) => ({
      name: r.name,
      status: r.status,
      startedAt: r.startedAt ?? null,
      completedAt: r.endedAt ?? null,
      durationSeconds: secondsBetween(r.startedAt, r.endedAt),
      resourcesCreated: r.resources.created,
      reasons: r.reasons,
      explanation: r.explanation,
    })),
    failedStacks: failed.map((r) => ({ name: r.name, error: r.error ?? null })),
    skippedStacks: skipped.map((r) => ({
      name: r.name,
      reason: r.skipReason ?? null,
      explanation: r.explanation,
      ...(r.culprit ? { culprit: r.culprit } : {}),
    })),
    estimatedDuration: operation.estimatedDuration,
    estimatedTimeRemaining: open ? remainingSeconds(operation, new Date()) : 0,
    logs: extra.logs ?? [],
    result: resultOf(operation, records),
    error: operation.error,
    rollback: rollbackView(operation),
    rolledBack: operation.report?.rolledBack ?? false,
    rollbackAvailable: operation.report?.rollbackAvailable ?? false,
    resumable: operation.resumable,
    manualInterventionRequired: operation.report?.manualInterventionRequired ?? false,
    staleDependents: operation.staleDependents ?? [],
    warnings: operation.report?.warnings ?? [],
    websocketChannel: channelOf(operation),
    cancel: operation.cancel,
    paused: operation.paused,
    ...(extra.queuePosition ? { queuePosition: extra.queuePosition } : {}),
  };
}

/** The address of a webhook may carry a secret of its receiver. */
function shownParameters({ parameters }: Operation): Record<string, unknown> {
  const { webhook, ...shown } = parameters;
  return { ...shown, ...(webhook ? { webhookUrl: `https://${webhook.host}/***` } : {}) };
}

export function channelOf(operation: Pick<Operation, 'deploymentId' | 'operationId' | 'stack'>): string {
  return operation.stack
    ? `deployments/${operation.deploymentId}/stacks/${operation.stack}/operations/${operation.operationId}`
    : `deployments/${operation.deploymentId}/operations/${operation.operationId}`;
}

export function statusUrl(operation: Pick<Operation, 'deploymentId' | 'operationId'>): string {
  return `/api/v1/deployments/${operation.deploymentId}/operations/${operation.operationId}`;
}

function planView({ plan }: Operation): Record<string, unknown> | null {
  if (!plan) return null;
  const { fingerprints: _digests, stackVersions: _versions, ...shown } = plan;
  return shown;
}

/** The lowest layer with a stack that has not ended; null when all have. */
export function currentLayerOf(records: readonly StackRunRecord[]): number | null {
  const open = records
    .filter((r) => ['pending', 'deploying', 'destroying', 'rolling_back'].includes(r.status))
    .map((r) => r.layer);
  return open.length > 0 ? Math.min(...open) : null;
}

function resultOf(operation: Operation, records: readonly StackRunRecord[]): Record<string, unknown> | null {
  if (operation.type === 'drift-detect') return operation.report && driftResult(records);
  if (operation.preview) {
    return { stacks: Object.fromEntries(records.filter((r) => r.planned).map((r) => [r.name, r.planned])) };
  }
  return operation.report
    ? { durationSeconds: operation.report.durationSeconds, resources: operation.report.resources }
    : null;
}

function rollbackView(operation: Operation): Record<string, unknown> {
  const rollback = operation.state?.rollback;
  const state = !rollback
    ? operation.report?.rollbackAvailable
      ? 'offered'
      : 'none'
    : operation.status === 'in_progress'
      ? 'running'
      : operation.report?.rolledBack
        ? 'done'
        : 'failed';
  return {
    state,
    operationId: rollback ? operation.operationId : null,
    ...(rollback ? { irreversible: rollback.irreversible } : {}),
  };
}

export function secondsBetween(from?: Date | string | null, to?: Date | string | null): number | null {
  return from && to ? Math.round((new Date(to).getTime() - new Date(from).getTime()) / 100) / 10 : null;
}
