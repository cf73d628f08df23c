import { Body, Controller, Get, Headers, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { stringify } from 'yaml';
import { Answer, created, RawAnswer } from '../../shared/http/answer.js';
import { Allow, CurrentPrincipal } from '../../shared/http/allow.js';
import { revisionOf } from '../../shared/http/if-match.js';
import { paginate } from '../../shared/http/paging.js';
import type { Principal } from '../../shared/http/principal.js';
import { TakesYaml } from '../../shared/http/request-bodies.js';
import {
  CreateDeploymentBody,
  DeploymentParams,
  DeploymentStackParams,
  DeploymentsQuery,
  DetailQuery,
  ManifestQuery,
  StackConfigBody,
  StatusQuery,
  toDeploymentDto,
  toDeploymentListItem,
  toVersionDto,
  UpdateDeploymentBody,
  VersionsQuery,
} from './deployment.dto.js';
import { DeploymentsService } from './deployments.service.js';
import { ManifestEditsService } from './manifest-edits.service.js';
import { StatusService } from './operations/status.service.js';

@ApiTags('Deployments')
@Controller('api/v1/deployments')
export class DeploymentsController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly edits: ManifestEditsService,
    private readonly status: StatusService,
  ) {}

  @Post()
  @HttpCode(201)
  @Allow('deployments:create')
  @ApiOperation({ summary: 'Initialise a deployment from a template; nothing is deployed yet' })
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateDeploymentBody): Promise<Answer<unknown>> {
    const detail = await this.deployments.initialise(principal, body);
    const data = {
      ...toDeploymentDto(detail.deployment, detail.environments, detail.stacks, detail.instances, detail.endpoints),
      warnings: detail.warnings,
      nextSteps: [`POST /api/v1/deployments/${detail.deployment.deploymentId}/deploy {"environment":"dev"}`],
    };
    return created(data, `/api/v1/deployments/${detail.deployment.deploymentId}`, {
      message: 'Deployment initialised',
    });
  }

  @Get()
  @Allow('deployments:read')
  @ApiOperation({ summary: 'List deployments' })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: DeploymentsQuery): Promise<unknown> {
    const { items, total } = await this.deployments.list(principal, query);
    return {
      deployments: items.map((item) => toDeploymentListItem(item.deployment, item.environments)),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get(':id')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'One deployment with environments, stacks, outputs and manifest' })
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: DetailQuery,
  ): Promise<Answer<unknown>> {
    const detail = await this.deployments.get(principal, id);
    const { deployment } = detail;
    const data = {
      ...toDeploymentDto(deployment, detail.environments, detail.stacks, detail.instances, detail.endpoints),
      updatedAt: deployment.updatedAt,
      updatedBy: deployment.updatedBy,
      lastDeployedAt: deployment.lastDeployedAt,
      lastDeployedBy: deployment.lastDeployedBy,
      metrics: { totalResources: detail.instances.reduce((sum, instance) => sum + instance.resourceCount, 0) },
      ...(query.include.split(',').includes('manifest') ? { manifest: detail.manifest } : {}),
    };
    return new Answer(data, { headers: { ETag: `"${deployment.revision}"` } });
  }

  @Put(':id')
  @Allow('deployments:update')
  @TakesYaml({ field: 'manifest' })
  @ApiOperation({
    summary: 'Change the manifest; a new revision tells what changed. A YAML body is the whole manifest',
  })
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Body() body: UpdateDeploymentBody,
    @Headers('if-match') ifMatch?: string,
  ): Promise<Answer<unknown>> {
    const { deployment, changes, configFiles } = await this.edits.update(principal, id, body, revisionOf(ifMatch));
    const { updatedAt, updatedBy, revision } = deployment;
    return new Answer(
      { deploymentId: id, updatedAt, updatedBy, revision, changes, configFiles },
      { headers: { ETag: `"${revision}"` } },
    );
  }

  @Get(':id/manifest')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'The manifest, as JSON or YAML' })
  async manifest(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: ManifestQuery,
  ): Promise<unknown> {
    const found = await this.deployments.manifest(principal, id, query.environment);
    const headers = { ETag: `"${found.revision}"` };
    if (query.format === 'yaml')
      return new RawAnswer(stringify(found.manifest), 'application/yaml; charset=utf-8', headers);
    return new Answer(found, { headers });
  }

  @Get(':id/versions')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Versions of an environment, newest first' })
  async versions(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: VersionsQuery,
  ): Promise<unknown> {
    const { versions, total, current } = await this.deployments.versions(principal, id, query);
    return {
      versions: versions.map((version) => toVersionDto(version, current)),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get(':id/status')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Status of one environment, or of all' })
  statusOf(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: StatusQuery,
  ): Promise<unknown> {
    return this.status.status(principal, id, query.environment, query.stack);
  }

  @Get(':id/progress')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Progress of the running or last operation of an environment' })
  progress(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: StatusQuery,
  ): Promise<unknown> {
    return this.status.progress(principal, id, query.environment ?? 'dev', true);
  }

  @Put(':id/stacks/:stack/config')
  @Allow('deployments:update')
  @ApiOperation({ summary: 'Configuration of one stack in one environment, merged deeply; null removes a key' })
  async configureStack(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Body() body: StackConfigBody,
    @Headers('if-match') ifMatch?: string,
  ): Promise<Answer<unknown>> {
    const { deployment, changes } = await this.edits.configureStack(
      principal,
      id,
      stack,
      body.environment,
      body.configuration,
      revisionOf(ifMatch),
    );
    return new Answer(
      { revision: deployment.revision, changes, operationId: null },
      { headers: { ETag: `"${deployment.revision}"` } },
    );
  }
}
