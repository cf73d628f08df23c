import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { PageQuery, type Pagination } from '../../../shared/http/paging.js';
import type { EnvironmentName, KeyScope, Role } from '../../../shared/http/principal.js';
import { PlainName, PlainText } from '../../../shared/http/text-rules.js';
import { KEY_PERMISSIONS } from '../permissions.js';
import { type ApiKey, keyStatus, type KeyStatus } from './api-key.js';
import type { IssuedKey } from './api-keys.service.js';

const STATUSES: readonly KeyStatus[] = ['active', 'expired', 'revoked'];

export class KeyScopeDto {
  @ApiPropertyOptional({ example: 'acme' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly organization?: string;

  @ApiPropertyOptional({ type: [String], example: ['shop'] })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  readonly projects?: readonly string[];

  @ApiPropertyOptional({ type: [String], example: ['D1BRV40'] })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @Matches(/^\s*[Dd][0-9A-Za-z]{5,9}\s*$/, { each: true })
  readonly deployments?: readonly string[];

  @ApiPropertyOptional({ type: [String], enum: ['dev', 'stage', 'prod'] })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @IsIn(['dev', 'stage', 'prod'], { each: true })
  readonly environments?: readonly EnvironmentName[];
}

export class CreateApiKeyDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'ci pipeline' })
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly name!: string;

  @ApiPropertyOptional({ maxLength: 500 })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  @PlainText()
  readonly description?: string;

  @ApiPropertyOptional({ description: 'Seconds', minimum: 3600, maximum: 31_536_000, default: 7_776_000 })
  @IsOptional()
  @IsInt()
  @Min(3600)
  @Max(31_536_000)
  readonly expiresIn?: number;

  @ApiPropertyOptional({
    type: [String],
    enum: KEY_PERMISSIONS,
    description: 'Each held by you. Default: all of yours',
    example: ['deployments:read', 'deployments:deploy'],
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsIn(KEY_PERMISSIONS, { each: true })
  readonly permissions?: readonly string[];

  @ApiPropertyOptional({
    enum: ['admin', 'operator', 'developer', 'viewer'],
    description: 'Not above yours. Default: yours',
  })
  @IsOptional()
  @IsIn(['admin', 'operator', 'developer', 'viewer'])
  readonly role?: Role;

  @ApiPropertyOptional({ type: KeyScopeDto })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => KeyScopeDto)
  readonly scope?: KeyScopeDto;
}

export class RotateApiKeyDto {
  @ApiPropertyOptional({ description: 'Seconds the old key goes on working', minimum: 0, maximum: 604_800, default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(604_800)
  readonly gracePeriod: number = 0;
}

export class LimitApiKeyDto {
  @ApiProperty({
    type: Number,
    nullable: true,
    minimum: 1,
    description: 'At most the limit of the owner’s tier; null: the general limit',
  })
  @ValidateIf((dto: LimitApiKeyDto) => dto.rateLimitPerMinute !== null)
  @IsInt()
  @Min(1)
  readonly rateLimitPerMinute!: number | null;
}

export class KeyParams {
  @ApiProperty({ example: 'key-4f0k2m8s1q7w9e3r' })
  @IsString()
  @Length(1, 64)
  @PlainName()
  readonly keyId!: string;
}

export class KeysQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  readonly status?: KeyStatus;
}

export class ApiKeyDto {
  @ApiProperty({ example: 'key-4f0k2m8s1q7w9e3r' })
  readonly keyId!: string;
  @ApiProperty({ example: 'ci pipeline' })
  readonly name!: string;
  @ApiProperty({ type: String, nullable: true })
  readonly description!: string | null;
  @ApiProperty({ example: 'msk_live_1f3a5c7e' })
  readonly prefix!: string;
  @ApiProperty({ type: String, nullable: true, description: 'null: the owner’s' })
  readonly role!: Role | null;
  @ApiProperty({ type: [String], nullable: true, description: 'null: all of the owner’s' })
  readonly permissions!: readonly string[] | null;
  @ApiProperty({ type: KeyScopeDto, nullable: true })
  readonly scope!: KeyScope | null;
  @ApiProperty({ type: String, format: 'date-time' })
  readonly createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  readonly expiresAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly lastUsedAt!: string | null;
  @ApiProperty({ enum: STATUSES })
  readonly status!: KeyStatus;
}

export class IssuedApiKeyDto extends ApiKeyDto {
  @ApiProperty({ description: 'The key; shown this once', example: 'msk_live_1f3a5c7e9b2d4f60718293a4b5c6d7e8' })
  readonly apiKey!: string;
}

export class AdminApiKeyDto extends ApiKeyDto {
  @ApiProperty({ example: 'user-4f0k2m8s1q7w9e3r' })
  readonly ownerId!: string;
  @ApiProperty({ type: Number, nullable: true, description: 'null: the general limit' })
  readonly rateLimitPerMinute!: number | null;
}

export class ApiKeyPageDto {
  @ApiProperty({ type: [ApiKeyDto] })
  readonly apiKeys!: readonly ApiKeyDto[];
  @ApiProperty({ example: 1 })
  readonly total!: number;
  @ApiProperty({ type: Object, example: { page: 1, limit: 20, total: 1, totalPages: 1, hasNext: false } })
  readonly pagination!: Pagination;
}

export class AdminApiKeyPageDto {
  @ApiProperty({ type: [AdminApiKeyDto] })
  readonly apiKeys!: readonly AdminApiKeyDto[];
  @ApiProperty({ example: 1 })
  readonly total!: number;
  @ApiProperty({ type: Object, example: { page: 1, limit: 20, total: 1, totalPages: 1, hasNext: false } })
  readonly pagination!: Pagination;
}

export class RevokedKeyDto {
  @ApiProperty({ example: 'API key revoked' })
  readonly message!: string;
  @ApiProperty({ example: 'key-4f0k2m8s1q7w9e3r' })
  readonly keyId!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  readonly revokedAt!: string;
}

export function toApiKeyDto(key: ApiKey, now: Date): ApiKeyDto {
  return {
    keyId: key.id,
    name: key.name,
    description: key.description,
    prefix: key.prefix,
    role: key.role,
    permissions: key.permissions,
    scope: key.scope,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt.toISOString(),
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    status: keyStatus(key, now),
  };
}

export function toIssuedApiKeyDto({ secret, key }: IssuedKey, now: Date): IssuedApiKeyDto {
  return { apiKey: secret, ...toApiKeyDto(key, now) };
}

export function toAdminApiKeyDto(key: ApiKey, now: Date): AdminApiKeyDto {
  return { ...toApiKeyDto(key, now), ownerId: key.ownerId, rateLimitPerMinute: key.rateLimitPerMinute };
}

export function toRevokedKeyDto(key: ApiKey): RevokedKeyDto {
  return { message: 'API key revoked', keyId: key.id, revokedAt: key.revokedAt?.toISOString() ?? '' };
}
