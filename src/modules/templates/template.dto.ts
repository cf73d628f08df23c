import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { PageQuery } from '../../shared/http/paging.js';
import type { ManifestTemplate } from './manifest-template.js';
import type { TemplateDetail } from './templates.service.js';

export class TemplateParams {
  @ApiProperty({ example: 'minimal', description: 'Custom templates also as `custom:<name>`' })
  @Matches(/^(custom:)?[a-z0-9][a-z0-9-]{0,62}$/, { message: 'name must be the name of a template' })
  readonly name!: string;
}

export class TemplatesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ['built-in', 'custom'] })
  @IsOptional()
  @IsIn(['built-in', 'custom'])
  readonly type?: 'built-in' | 'custom';

  @ApiPropertyOptional({ example: 'network', description: 'Only templates with this stack' })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  readonly stack?: string;

  @ApiPropertyOptional({ maxLength: 200, description: 'Part of name, title or description, in any case' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly search?: string;
}

export class TemplateFormatQuery {
  @ApiPropertyOptional({ enum: ['json', 'yaml'], default: 'json', description: '`yaml` answers with the file' })
  @IsOptional()
  @IsIn(['json', 'yaml'])
  readonly format: 'json' | 'yaml' = 'json';
}

export class TemplateItemDto {
  @ApiProperty({ example: 'minimal' }) readonly name!: string;
  @ApiProperty() readonly displayName!: string;
  @ApiProperty() readonly description!: string;
  @ApiProperty({ enum: ['built-in', 'custom'] }) readonly type!: string;
  @ApiProperty({ type: [String] }) readonly stacks!: readonly string[];
  @ApiProperty({ description: 'First run in dev' }) readonly estimatedResources!: number;
  @ApiProperty({ description: 'USD' }) readonly estimatedMonthlyCost!: number;
  @ApiProperty({ type: Date, nullable: true, description: 'null for built-in templates' })
  readonly createdAt!: Date | null;
}

export class TemplateDto extends TemplateItemDto {
  @ApiProperty({ example: '1.0.0' }) readonly version!: string;
  @ApiProperty({ enum: ['active', 'deleted'] }) readonly status!: string;
  @ApiProperty({ type: Object, isArray: true, description: '`{name, enabled, layer, required, description}`' })
  readonly stackDetails!: readonly object[];
  @ApiProperty({ type: Object, description: 'Stack → values that differ from its template' })
  readonly defaultConfig!: object;
  @ApiProperty({ type: Object, description: 'Environment → `{enabled, account, region}`, with template variables' })
  readonly environments!: object;
  @ApiProperty({ type: Object, isArray: true, description: '`{name, type, default, required, description}`' })
  readonly variables!: readonly object[];
  @ApiProperty({ description: 'Seconds of a first run in dev' }) readonly deploymentTime!: number;
  @ApiProperty() readonly createdBy!: string;
  @ApiProperty({ nullable: true, type: String }) readonly documentation!: string | null;
  @ApiProperty() readonly revision!: number;
  @ApiProperty({ description: 'SHA-256: the same hash and inputs give the same manifest' })
  readonly contentHash!: string;
  @ApiProperty({ description: 'The file' }) readonly content!: string;
}

export function toTemplateItemDto(template: ManifestTemplate): TemplateItemDto {
  return {
    name: template.name,
    displayName: template.displayName,
    description: template.description,
    type: template.type,
    stacks: Object.keys(template.stacks),
    estimatedResources: template.estimatedResources,
    estimatedMonthlyCost: template.estimatedMonthlyCost,
    createdAt: template.createdAt ?? null,
  };
}

/** `stacks` of one template are objects, in a list of templates they are names (api.md 3.7). */
export type TemplateBody = Omit<TemplateDto, 'stacks' | 'stackDetails'> & { readonly stacks: readonly object[] };

export function toTemplateDto({ template, stacks, deploymentTime }: TemplateDetail): TemplateBody {
  return {
    ...toTemplateItemDto(template),
    stacks,
    version: template.version,
    status: template.status,
    defaultConfig: Object.fromEntries(
      Object.entries(template.stacks).flatMap(([name, { config }]) => (config ? [[name, config]] : [])),
    ),
    environments: template.environments,
    variables: Object.entries(template.variables).map(([name, variable]) => ({ name, ...variable })),
    deploymentTime,
    createdBy: template.createdBy ?? 'system',
    documentation: null,
    revision: 1, // built-in templates change with the release, never in place
    contentHash: template.contentHash,
    content: template.content,
  };
}
