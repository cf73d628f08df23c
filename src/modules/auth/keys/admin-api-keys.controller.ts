import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import {
  AdminApiKeyDto,
  AdminApiKeyPageDto,
  KeyParams,
  KeysQuery,
  LimitApiKeyDto,
  RevokedKeyDto,
  toAdminApiKeyDto,
  toRevokedKeyDto,
} from './api-key.dto.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('Admin')
@Controller('api/v1/admin/api-keys')
export class AdminApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Allow('admin:*')
  @ApiOperation({ summary: 'API keys of everybody in your organizations' })
  @ApiData(AdminApiKeyPageDto)
  async list(@CurrentPrincipal() principal: Principal, @Query() query: KeysQuery): Promise<AdminApiKeyPageDto> {
    const { page, limit, status } = query;
    const { keys, total } = await this.keys.listAdministered(principal, status, page, limit);
    const now = this.clock.now();
    return { apiKeys: keys.map((key) => toAdminApiKeyDto(key, now)), total, pagination: paginate(page, limit, total) };
  }

  @Patch(':keyId')
  @Allow('admin:*')
  @ApiOperation({ summary: 'Give a key its own limit of requests per minute' })
  @ApiData(AdminApiKeyDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 422: ['INVALID_OPTIONS'] })
  async limit(
    @CurrentPrincipal() principal: Principal,
    @Param() { keyId }: KeyParams,
    @Body() dto: LimitApiKeyDto,
  ): Promise<AdminApiKeyDto> {
    return toAdminApiKeyDto(await this.keys.setRateLimit(principal, keyId, dto.rateLimitPerMinute), this.clock.now());
  }

  @Delete(':keyId')
  @Allow('admin:*')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke a key' })
  @ApiData(RevokedKeyDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async revoke(@CurrentPrincipal() principal: Principal, @Param() { keyId }: KeyParams): Promise<RevokedKeyDto> {
    return toRevokedKeyDto(await this.keys.revokeAdministered(principal, keyId));
  }
}
