import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';
import type { Pagination } from '../../../shared/http/paging.js';
import { PlainText } from '../../../shared/http/text-rules.js';
import type { OrganizationTier } from '../users/user.js';
import type { OrganizationView } from './organizations.service.js';

const TIERS: readonly OrganizationTier[] = ['free', 'standard', 'enterprise'];

export class UpdateOrganizationDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: 100, example: 'Acme Corporation' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly displayName?: string;

  @ApiPropertyOptional({ enum: TIERS, description: 'Set by administrators of the platform' })
  @IsOptional()
  @IsIn(TIERS)
  readonly tier?: OrganizationTier;

  @ApiPropertyOptional({ description: 'Organization in the Pulumi backend', example: 'acme' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly pulumiOrg?: string;

  @ApiPropertyOptional({ type: Object })
  @IsOptional()
  @IsObject()
  readonly settings?: Record<string, unknown>;
}

export class CreateOrganizationDto extends UpdateOrganizationDto {
  @ApiProperty({ minLength: 1, maxLength: 100, description: 'Never changes; not `*`', example: 'acme' })
  @IsString()
  @Length(1, 100)
  @PlainText()
  @Matches(/^(?!\*$)(?=.*[\p{L}\p{N}])/u, { message: 'name must contain a letter or digit' })
  readonly name!: string;
}

export class OrganizationParams {
  @ApiProperty({ example: 'acme' })
  @IsString()
  @Length(1, 100)
  @PlainText()
  readonly org!: string;
}

export class OrganizationDto {
  @ApiProperty({ example: 'acme' })
  readonly name!: string;
  @ApiProperty({ example: 'Acme Corporation' })
  readonly displayName!: string;
  @ApiProperty({ enum: TIERS })
  readonly tier!: OrganizationTier;
  @ApiProperty({ example: 'acme' })
  readonly pulumiOrg!: string;
  @ApiProperty({ type: [String], example: ['shop'] })
  readonly projects!: readonly string[];
  @ApiProperty({ type: String, format: 'date-time' })
  readonly createdAt!: string;
}

export class AdminOrganizationDto extends OrganizationDto {
  @ApiProperty({ type: Object, example: {} })
  readonly settings!: Readonly<Record<string, unknown>>;
  @ApiProperty({ type: String, format: 'date-time' })
  readonly updatedAt!: string;
}

export class OrganizationPageDto {
  @ApiProperty({ type: [OrganizationDto] })
  readonly organizations!: readonly OrganizationDto[];
  @ApiProperty({ type: Object, example: { page: 1, limit: 20, total: 1, totalPages: 1, hasNext: false } })
  readonly pagination!: Pagination;
}

export class AdminOrganizationPageDto {
  @ApiProperty({ type: [AdminOrganizationDto] })
  readonly organizations!: readonly AdminOrganizationDto[];
  @ApiProperty({ type: Object, example: { page: 1, limit: 20, total: 1, totalPages: 1, hasNext: false } })
  readonly pagination!: Pagination;
}

export function toOrganizationDto(organization: OrganizationView): OrganizationDto {
  return {
    name: organization.name,
    displayName: organization.displayName,
    tier: organization.tier,
    pulumiOrg: organization.pulumiOrg,
    projects: organization.projects,
    createdAt: organization.createdAt.toISOString(),
  };
}

export function toAdminOrganizationDto(organization: OrganizationView): AdminOrganizationDto {
  return {
    ...toOrganizationDto(organization),
    settings: organization.settings,
    updatedAt: organization.updatedAt.toISOString(),
  };
}
