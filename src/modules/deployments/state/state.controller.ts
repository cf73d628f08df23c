import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { stringify } from 'yaml';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { Answer, accepted, created, RawAnswer } from '../../../shared/http/answer.js';
import type { AppError } from '../../../shared/errors/app-error.js';
import { invalidField } from '../../../shared/errors/field-problems.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { TakesYaml } from '../../../shared/http/request-bodies.js';
import { DeploymentParams } from '../deployment.dto.js';
import { statusUrl } from '../operations/operation.dto.js';
import { isFinal } from '../operations/operation.js';
import { toStartDto } from '../operations/start-view.js';
import { answerOf } from './drift.controller.js';
import {
  BackupContentDto,
  BackupDto,
  BackupListDto,
  InventoryDto,
  StateExportDto,
  StateImportedDto,
  StateOverviewDto,
  SyncedDto,
  UpkeepStartedDto,
} from './state-answers.dto.js';
import { importFailure, StateChangesService } from './state-changes.service.js';
import {
  BackupBody,
  BackupFormatQuery,
  BackupParams,
  BackupsQuery,
  ExportQuery,
  ResourceImportBody,
  ResourcesQuery,
  StateImportBody,
  StateQuery,
  SyncBody,
  toBackupDto,
} from './state.dto.js';
import { StateService } from './state.service.js';

@ApiTags('State')
@Controller('api/v1/deployments')
export class StateController {
  constructor(
    private readonly state: StateService,
    private readonly changes: StateChangesService,
  ) {}

  @Get(':id/state')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'State versions, resource counts and the lock of each environment' })
  @ApiData(StateOverviewDto)
  overview(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() { environment }: StateQuery,
  ): Promise<unknown> {
    return this.state.overview(principal, id, environment);
  }

  @Get(':id/state/export')
  @RateLimitClass('EXPORT')
  @Allow('state:read')
  @ApiOperation({ summary: 'The state of one stack, of all, or of all environments; secrets stay encrypted' })
  @ApiData(StateExportDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'STACK_NOT_IN_MANIFEST'], 502: ['PULUMI_STATE_ERROR'] })
  async export(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: ExportQuery,
  ): Promise<unknown> {
    const { environment, stack } = query;
    if (environment === undefined || query.allEnvironments) {
      if (environment !== undefined || stack !== undefined) throw bothGiven();
      const environments = await this.state.exportEnvironments(principal, id);
      const all = { deploymentId: id, environments };
      return query.format === 'yaml' ? yaml(all) : all;
    }
    const where = { environment, ...(stack === undefined ? {} : { stack }) };
    const { states, exportedAt, operationInProgress } = await this.state.export(principal, id, where);
    const facts = { deploymentId: id, environment, exportedAt, operationInProgress };
    const data = stack === undefined ? { ...facts, states } : { ...facts, stack, state: states[stack] };
    return query.format === 'yaml' ? yaml(data) : data;
  }

  @Post(':id/state/export')
  @HttpCode(201)
  @RateLimitClass('EXPORT')
  @Allow('state:read')
  @ApiOperation({ summary: 'Keep a backup of one state, or of all' })
  @ApiData(BackupDto, 201)
  async backUp(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: BackupBody,
  ): Promise<Answer<unknown>> {
    const data = toBackupDto(await this.state.backUp(principal, id, body), body.format);
    return created(data, String(data['downloadUrl']));
  }

  @Get(':id/state/backups')
  @Allow('state:read')
  @ApiOperation({
    summary: 'Backups of an environment, newest first; also those taken before destroys, rollbacks, imports',
  })
  @ApiData(BackupListDto)
  async backups(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: BackupsQuery,
  ): Promise<unknown> {
    const { backups, total } = await this.state.listBackups(principal, id, query);
    return {
      backups: backups.map((backup) => toBackupDto(backup)),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get(':id/state/backups/:backupId')
  @RateLimitClass('EXPORT')
  @Allow('state:read')
  @ApiOperation({ summary: 'One backup with its states' })
  @ApiData(BackupContentDto)
  async backup(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, backupId }: BackupParams,
    @Query() { format }: BackupFormatQuery,
  ): Promise<unknown> {
    const backup = await this.state.backup(principal, id, backupId);
    const data = { ...toBackupDto(backup, format), states: backup.states };
    return format === 'yaml' ? yaml(data) : data;
  }

  @Post(':id/state/import')
  @HttpCode(200)
  @RateLimitClass('EXEC')
  @Allow('state:write')
  @TakesYaml()
  @ApiOperation({
    summary: 'Put a state in the place of that of one stack; a backup is taken first. 202 when it takes long',
  })
  @ApiData(StateImportedDto)
  @ApiRefusals({
    404: ['RESOURCE_NOT_FOUND', 'STACK_NOT_IN_MANIFEST'],
    409: ['OPERATION_IN_PROGRESS'],
    422: ['CONFIRMATION_REQUIRED', 'STATE_INVALID', 'STATE_VERSION_CONFLICT'],
    423: ['RESOURCE_LOCKED'],
  })
  async import(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: StateImportBody,
  ): Promise<Answer<unknown>> {
    const { operation, started, previousVersion, version, backupId } = await this.changes.importState(
      principal,
      id,
      body,
    );
    if (!isFinal(operation)) return accepted(toStartDto(started), statusUrl(operation), 'The import goes on');
    if (operation.status !== 'success') throw importFailure(operation);
    const { environment, stack } = body;
    return new Answer({
      ...{ deploymentId: id, environment, stack, operationId: operation.operationId },
      ...{ importedAt: operation.completedAt, importedBy: operation.startedBy, previousVersion, version, backupId },
    });
  }

  @Post(':id/state/import-resources')
  @HttpCode(202)
  @RateLimitClass('EXEC')
  @Allow('state:write')
  @ApiOperation({ summary: 'Adopt existing resources into the state of a stack, protected, all or none' })
  @ApiData(UpkeepStartedDto, 202)
  @ApiRefusals({
    404: ['RESOURCE_NOT_FOUND', 'STACK_NOT_IN_MANIFEST'],
    409: ['OPERATION_IN_PROGRESS'],
    422: ['CONFIRMATION_REQUIRED'],
  })
  async importResources(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: ResourceImportBody,
  ): Promise<Answer<unknown>> {
    return answerOf(await this.changes.importResources(principal, id, body), 'Import of resources started');
  }

  @Post(':id/state/sync')
  @HttpCode(200)
  @RateLimitClass('EXEC')
  @Allow('deployments:deploy')
  @ApiOperation({
    summary: 'Read outputs and resource counts again from the backend; force makes the status what it says',
  })
  @ApiData(SyncedDto)
  @ApiRefusals({ 409: ['OPERATION_IN_PROGRESS'], 423: ['RESOURCE_LOCKED'], 502: ['PULUMI_STATE_ERROR'] })
  async sync(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: SyncBody,
  ): Promise<unknown> {
    const { stacksSynced, conflicts, syncedAt } = await this.changes.sync(principal, id, body);
    const { environment } = body;
    return {
      deploymentId: id,
      environment,
      syncedAt,
      stacksSynced,
      conflicts: conflicts.length,
      conflictDetails: conflicts,
    };
  }

  @Get(':id/resources')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Resources of an environment, with counts per type and stack' })
  @ApiData(InventoryDto)
  async resources(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: ResourcesQuery,
  ): Promise<unknown> {
    const { resources, byType, total } = await this.state.inventory(principal, id, query);
    const pagination = paginate(query.page, query.limit, total);
    return { deploymentId: id, environment: query.environment, resources, byType, total, pagination };
  }
}

function bothGiven(): AppError {
  return invalidField('allEnvironments', 'format', 'allEnvironments stands in the place of environment and stack');
}

function yaml(data: unknown): RawAnswer {
  return new RawAnswer(stringify(JSON.parse(JSON.stringify(data))), 'application/yaml; charset=utf-8');
}
