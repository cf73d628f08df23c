import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { PageQuery, type Pagination } from '../../shared/http/paging.js';
import { PlainText } from '../../shared/http/text-rules.js';
import type { CustomTemplate, TemplateVersion } from './custom-template.js';
import type { TemplateChanged } from './custom-templates.service.js';
import type { Finding } from './finding.js';
import { type ManifestTemplate, SHARED, TEMPLATE_NAME } from './manifest-template.js';
import type { StackEntry } from './template-drafts.js';
import type { TemplateDetail } from './templates.service.js';

const MAX_ITEMS = 1000; // api.md 1.2

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

/** Picks one where several organizations have a template of that name. */
export class TemplateOwnerQuery {
  @ApiPropertyOptional({ example: 'demo', description: '`*`: the shared one. Default: your own, then the shared one' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly organization?: string;
}

export class TemplateVersionsQuery extends PageQuery {
  @ApiPropertyOptional({ example: 'demo', description: '`*`: the shared one. Default: your own, then the shared one' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly organization?: string;
}

export class TemplateFormatQuery extends TemplateOwnerQuery {
  @ApiPropertyOptional({ enum: ['json', 'yaml'], default: 'json', description: '`yaml` answers with the file' })
  @IsOptional()
  @IsIn(['json', 'yaml'])
  readonly format: 'json' | 'yaml' = 'json';
}

/** What a new template and a change have in common. */
class TemplateParts {
  @ApiPropertyOptional({ maxLength: 100, description: 'Default: from the name' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  @PlainText()
  readonly displayName?: string;

  @ApiPropertyOptional({ maxLength: 1000 })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  readonly description?: string;

  @ApiPropertyOptional({
    type: Object,
    example: { network: { azCount: 3 } },
    description: 'Stack → values, merged deeply',
  })
  @IsOptional()
  @IsObject()
  readonly defaultConfig?: Record<string, unknown>;

  @ApiPropertyOptional({
    type: Object,
    example: { prod: { region: 'eu-central-1', enabled: false } },
    description: 'dev, stage, prod → `{enabled, region, account, tags, config}`, merged deeply; null removes one',
  })
  @IsOptional()
  @IsObject()
  readonly environments?: Record<string, unknown>;

  @ApiPropertyOptional({
    type: Object,
    example: { OFFICE_CIDR: { type: 'string', required: true } },
    description: 'Variables besides the global ones: name → `{type, default, required, description}`',
  })
  @IsOptional()
  @IsObject()
  readonly variables?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Object, description: 'Copied into manifests' })
  @IsOptional()
  @IsObject()
  readonly metadata?: Record<string, unknown>;
}

export class CreateTemplateDto extends TemplateParts {
  @ApiProperty({ example: 'house-standard', description: 'Not taken, also not by a built-in template' })
  @IsDefined({ message: 'name is required' })
  @Matches(TEMPLATE_NAME, { message: 'name must be lower case letters, digits and dashes, at most 63' })
  readonly name!: string;

  @ApiPropertyOptional({
    type: Object,
    isArray: true,
    example: ['network', { name: 'security', config: { workloads: [] } }],
    description:
      'Required without a source; with one, the stacks that stay. Names or `{name, enabled, required, config}`',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  readonly stacks?: StackEntry[];

  @ApiPropertyOptional({
    example: 'DT85S00',
    description: 'Copies stacks, values and environments, without what is its own',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim().toUpperCase() : value))
  @Matches(/^D[0-9A-Z]{5,9}$/, {
    message: 'fromDeployment must be D and 5 to 9 letters or digits',
    context: { code: 'INVALID_DEPLOYMENT_ID' },
  })
  readonly fromDeployment?: string;

  @ApiPropertyOptional({ example: 'minimal', description: 'Copies that template' })
  @IsOptional()
  @Matches(/^(custom:)?[a-z0-9][a-z0-9-]{0,62}$/, { message: 'fromTemplate must be the name of a template' })
  readonly fromTemplate?: string;

  @ApiPropertyOptional({ default: false, description: 'For everybody; platform administrators only' })
  @IsOptional()
  @IsBoolean()
  readonly shared?: boolean;

  @ApiPropertyOptional({ example: 'demo', description: 'Default: that of the deployment, else your own' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly organization?: string;
}

export class UpdateTemplateDto extends TemplateParts {
  @ApiPropertyOptional({
    description: 'A list replaces all stacks; a map is merged deeply, null removes a stack or key',
    oneOf: [
      { type: 'array', items: {} },
      { type: 'object', additionalProperties: true },
    ],
    example: { network: { config: { azCount: 3 } } },
  })
  @IsOptional()
  @ValidateIf((_body, value: unknown) => !Array.isArray(value))
  @IsObject({ message: 'stacks must be a list or a map of stacks' })
  readonly stacks?: StackEntry[] | Record<string, unknown>;

  @ApiPropertyOptional({
    type: [String],
    example: ['storage'],
    description: 'Registered stacks that are missing are added',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @IsString({ each: true })
  readonly enableStacks?: string[];

  @ApiPropertyOptional({ type: [String], example: ['dns'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @IsString({ each: true })
  readonly disableStacks?: string[];
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
  @ApiProperty({ description: 'Of a custom template: everybody may use it' }) readonly shared!: boolean;
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
  @ApiProperty({ type: Date, nullable: true }) readonly updatedAt!: Date | null;
  @ApiProperty({ type: String, nullable: true }) readonly updatedBy!: string | null;
  @ApiProperty({ type: String, nullable: true, description: '`*`: shared; null: built-in' })
  readonly organization!: string | null;
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
    createdAt: template.custom?.createdAt ?? null,
    shared: template.custom?.organization === SHARED,
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
    createdBy: template.custom?.createdBy ?? 'system',
    updatedAt: template.custom?.updatedAt ?? null,
    updatedBy: template.custom?.updatedBy ?? null,
    organization: template.custom?.organization ?? null,
    documentation: null,
    revision: template.custom?.revision ?? 1, // built-in templates change with the release, never in place
    contentHash: template.contentHash,
    content: template.content,
  };
}

export class TemplateChangedDto {
  @ApiProperty({ example: 'house-standard' }) readonly name!: string;
  @ApiProperty({ example: '1.1.0' }) readonly version!: string;
  @ApiProperty() readonly updatedAt!: Date | null;
  @ApiProperty() readonly updatedBy!: string | null;
  @ApiProperty() readonly revision!: number;
  @ApiProperty() readonly contentHash!: string;
  @ApiProperty({ type: [String], example: ['stacks: added storage', 'version: 1.0.0 → 1.1.0'] })
  readonly changes!: readonly string[];
  @ApiProperty({ type: Object, isArray: true }) readonly warnings!: readonly Finding[];
}

export function toTemplateChangedDto({ template, changes, warnings }: TemplateChanged): TemplateChangedDto {
  return {
    name: template.name,
    version: template.version,
    updatedAt: template.custom?.updatedAt ?? null,
    updatedBy: template.custom?.updatedBy ?? null,
    revision: template.custom?.revision ?? 1,
    contentHash: template.contentHash,
    changes,
    warnings,
  };
}

export class TemplateDeletedDto {
  @ApiProperty({ example: 'house-standard' }) readonly name!: string;
  @ApiProperty() readonly deletedAt!: Date;
  @ApiProperty() readonly deletedBy!: string;
}

export function toTemplateDeletedDto({ name, updatedAt, updatedBy }: CustomTemplate): TemplateDeletedDto {
  return { name, deletedAt: updatedAt, deletedBy: updatedBy };
}

export class TemplateVersionDto {
  @ApiProperty({ example: '1.1.0' }) readonly version!: string;
  @ApiProperty({ description: 'SHA-256: the same hash and inputs give the same manifest' })
  readonly contentHash!: string;
  @ApiProperty({ type: [String] }) readonly changes!: readonly string[];
  @ApiProperty({ type: Date, nullable: true, description: 'null for built-in templates' })
  readonly createdAt!: Date | null;
  @ApiProperty() readonly createdBy!: string;
}

export class TemplateVersionsDto {
  @ApiProperty({ type: [TemplateVersionDto] }) readonly versions!: readonly TemplateVersionDto[];
  @ApiProperty({ type: Object }) readonly pagination!: Pagination;
}

/** A built-in template has one version, the one it came with. */
export function toTemplateVersionDtos(
  template: ManifestTemplate,
  versions: readonly TemplateVersion[],
): TemplateVersionDto[] {
  if (!template.custom) {
    const { version, contentHash } = template;
    return [{ version, contentHash, changes: [], createdAt: null, createdBy: 'system' }];
  }
  return versions.map(({ version, contentHash, changes, createdAt, createdBy }) => ({
    version,
    contentHash,
    changes,
    createdAt,
    createdBy,
  }));
}
