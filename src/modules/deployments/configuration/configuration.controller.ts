import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { PageQuery, paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams, DeploymentStackParams } from '../deployment.dto.js';
import {
  DependenciesDto,
  ExplanationDto,
  GeneratedFilesDto,
  OneEnvironmentQuery,
  RevisionDetailDto,
  RevisionParams,
  RevisionQuery,
  toRevisionDto,
} from './configuration.dto.js';
import { ConfigurationService } from './configuration.service.js';
import { ExplainService } from './explain.service.js';
import { ManifestRevisionsService } from './manifest-revisions.service.js';

@ApiTags('Deployments')
@Controller('api/v1/deployments')
export class ConfigurationController {
  constructor(
    private readonly configuration: ConfigurationService,
    private readonly explaining: ExplainService,
    private readonly revisions: ManifestRevisionsService,
  ) {}

  @Get(':id/dependencies')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'The graph of an environment: dependencies, layers, what is missing, disabled or cyclic' })
  @ApiData(DependenciesDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND'] })
  async dependencies(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() { environment }: OneEnvironmentQuery,
  ): Promise<DependenciesDto> {
    return { deploymentId: id, ...(await this.configuration.dependencies(principal, id, environment)) };
  }

  @Post(':id/config/generate')
  @HttpCode(200)
  @Allow('deployments:update')
  @ApiOperation({ summary: 'Write the configuration files of every stack and environment anew' })
  @ApiData(GeneratedFilesDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async generate(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
  ): Promise<GeneratedFilesDto> {
    const { directory, files } = await this.configuration.generate(principal, id);
    return {
      directory,
      configFiles: files.length,
      files: files.map(({ path, stack, environment }) => ({ path, stack, environment })),
    };
  }

  @Get(':id/stacks/:stack/config/explain')
  @Allow('deployments:read')
  @ApiOperation({
    summary: 'For every configuration value: the tier and line it came from, and what its placeholders read',
  })
  @ApiData(ExplanationDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND', 'STACK_NOT_IN_MANIFEST', 'ENVIRONMENT_NOT_FOUND'] })
  async explain(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, stack }: DeploymentStackParams,
    @Query() { environment }: OneEnvironmentQuery,
  ): Promise<ExplanationDto> {
    const explanation = await this.explaining.explain(principal, id, stack, environment);
    return { deploymentId: id, stack, environment, ...explanation };
  }

  @Get(':id/manifest/revisions')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'Revisions of the manifest, newest first: who changed what' })
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async listRevisions(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: PageQuery,
  ): Promise<unknown> {
    const { revisions, total, current } = await this.revisions.list(principal, id, query);
    return {
      revisions: revisions.map((revision) => ({ ...toRevisionDto(revision), current: revision.revision === current })),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get(':id/manifest/revisions/:revision')
  @Allow('deployments:read')
  @ApiOperation({ summary: 'One revision of the manifest; diff=<revision> compares it with another one' })
  @ApiData(RevisionDetailDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async revision(
    @CurrentPrincipal() principal: Principal,
    @Param() { id, revision }: RevisionParams,
    @Query() { diff }: RevisionQuery,
  ): Promise<RevisionDetailDto> {
    const found = await this.revisions.get(principal, id, revision, diff);
    return { ...toRevisionDto(found.revision), manifest: found.manifest, diff: found.diff };
  }
}
