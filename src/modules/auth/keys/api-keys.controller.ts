import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal } from '../../../shared/http/allow.js';
import { Answer, created } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Clock } from '../../../shared/kernel/clock.js';
import {
  ApiKeyDto,
  ApiKeyPageDto,
  CreateApiKeyDto,
  IssuedApiKeyDto,
  KeyParams,
  KeysQuery,
  RevokedKeyDto,
  RotateApiKeyDto,
  toApiKeyDto,
  toIssuedApiKeyDto,
  toRevokedKeyDto,
} from './api-key.dto.js';
import { ApiKeysService, type IssuedKey } from './api-keys.service.js';

const SHOWN_ONCE = 'Keep the key now: it cannot be shown again';

@ApiTags('API keys')
@Controller('api/v1/auth/api-keys')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Allow('api-keys:own')
  @ApiOperation({ summary: 'Make an API key; it is shown once' })
  @ApiData(IssuedApiKeyDto, 201)
  @ApiRefusals({ 403: ['QUOTA_EXCEEDED', 'AUTHZ_FORBIDDEN'], 422: ['APIKEY_PERMISSION_ESCALATION'] })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() dto: CreateApiKeyDto,
  ): Promise<Answer<IssuedApiKeyDto>> {
    return this.#issued(await this.keys.create(principal, dto));
  }

  @Get()
  @Allow('api-keys:own')
  @ApiOperation({ summary: 'Your API keys' })
  @ApiData(ApiKeyPageDto)
  async list(@CurrentPrincipal() principal: Principal, @Query() query: KeysQuery): Promise<ApiKeyPageDto> {
    const { page, limit, status } = query;
    const { keys, total } = await this.keys.list(principal, status, page, limit);
    const now = this.clock.now();
    return { apiKeys: keys.map((key) => toApiKeyDto(key, now)), total, pagination: paginate(page, limit, total) };
  }

  @Get(':keyId')
  @Allow('api-keys:own')
  @ApiOperation({ summary: 'One of your API keys' })
  @ApiData(ApiKeyDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async get(@CurrentPrincipal() principal: Principal, @Param() { keyId }: KeyParams): Promise<ApiKeyDto> {
    return toApiKeyDto(await this.keys.getOwn(principal, keyId), this.clock.now());
  }

  @Post(':keyId/rotate')
  @Allow('api-keys:own')
  @ApiOperation({ summary: 'Replace a key by a new one with the same rights' })
  @ApiData(IssuedApiKeyDto, 201)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'], 409: ['RESOURCE_CONFLICT'] })
  async rotate(
    @CurrentPrincipal() principal: Principal,
    @Param() { keyId }: KeyParams,
    @Body() dto: RotateApiKeyDto,
  ): Promise<Answer<IssuedApiKeyDto>> {
    return this.#issued(await this.keys.rotate(principal, keyId, dto?.gracePeriod ?? 0));
  }

  @Delete(':keyId')
  @Allow('api-keys:own')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke a key of yours; as administrator, of anybody in your organizations' })
  @ApiData(RevokedKeyDto)
  @ApiRefusals({ 404: ['RESOURCE_NOT_FOUND'] })
  async revoke(@CurrentPrincipal() principal: Principal, @Param() { keyId }: KeyParams): Promise<RevokedKeyDto> {
    return toRevokedKeyDto(await this.keys.revoke(principal, keyId));
  }

  #issued(issued: IssuedKey): Answer<IssuedApiKeyDto> {
    const dto = toIssuedApiKeyDto(issued, this.clock.now());
    return created(dto, `/api/v1/auth/api-keys/${dto.keyId}`, { warning: SHOWN_ONCE });
  }
}
