import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { stringify } from 'yaml';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { accepted, type Answer, RawAnswer } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import type { Principal } from '../../../shared/http/principal.js';
import {
  BundleDto,
  BundleFormatQuery,
  BundleParams,
  BundleStartedDto,
  toBundleDto,
  toBundleStartedDto,
} from './state-bundle.dto.js';
import { StateBundlesService } from './state-bundles.service.js';

@ApiTags('State')
@Controller('api/v1/state')
export class StateBundlesController {
  constructor(private readonly bundles: StateBundlesService) {}

  @Post('export-all')
  @HttpCode(202)
  @RateLimitClass('EXPORT')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Bundle the states of every environment that has something deployed (platform admin)' })
  @ApiData(BundleStartedDto, 202)
  @ApiRefusals({ 403: ['AUTHZ_FORBIDDEN'] })
  async exportAll(@CurrentPrincipal() principal: Principal): Promise<Answer<unknown>> {
    const data = toBundleStartedDto(await this.bundles.exportAll(principal));
    return accepted(data, String(data['downloadUrl']), 'Export started');
  }

  @Get('bundles/:bundleId')
  @RateLimitClass('EXPORT')
  @Allow('admin:*')
  @ApiOperation({ summary: 'A bundle with the states it has come to; secrets stay encrypted (platform admin)' })
  @ApiData(BundleDto)
  @ApiRefusals({ 400: ['VALIDATION_INVALID_FORMAT'], 403: ['AUTHZ_FORBIDDEN'], 404: ['RESOURCE_NOT_FOUND'] })
  async bundle(
    @CurrentPrincipal() principal: Principal,
    @Param() { bundleId }: BundleParams,
    @Query() { format }: BundleFormatQuery,
  ): Promise<unknown> {
    const { bundle, states } = await this.bundles.get(principal, bundleId);
    const data = toBundleDto(bundle, states);
    if (format !== 'yaml') return data;
    return new RawAnswer(stringify(JSON.parse(JSON.stringify(data))), 'application/yaml; charset=utf-8');
  }
}
