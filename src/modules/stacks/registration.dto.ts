import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsNotIn,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { ToBoolean } from '../../shared/http/paging.js';
import { PlainText } from '../../shared/http/text-rules.js';
import type { Finding } from '../templates/finding.js';
import { PARAMETER_TYPES } from '../templates/parameter.js';
import {
  RESERVED_STACK_NAMES,
  STACK_CATEGORIES,
  STACK_NAME,
  STACK_NAME_LENGTH,
  type StackCategory,
} from '../templates/stack-template.js';
import type { CodeComparison } from './code-rules.js';
import type { BulkResult, Registered, RegistrationUpdated, Unregistered } from './stack-registry.service.js';

const MAX_ITEMS = 1000; // api.md 1.2

class StackResourceDto {
  @ApiProperty({ example: 'aws:sqs/queue:Queue' })
  @IsString()
  @MaxLength(200)
  readonly type!: string;

  @ApiProperty({ example: 'Task queue' })
  @IsString()
  @MaxLength(1000)
  readonly description!: string;
}

class AddedParameterDto {
  @ApiProperty({ example: 'visibilitySeconds' })
  @IsString()
  @Matches(/^[A-Za-z_]\w*$/, { message: 'name must be letters, digits and underscores' })
  readonly name!: string;

  @ApiPropertyOptional({ enum: PARAMETER_TYPES, default: 'string' })
  @IsOptional()
  @IsIn(PARAMETER_TYPES)
  readonly type?: string;

  @ApiPropertyOptional({ example: 30 })
  @IsOptional()
  readonly default?: unknown;
}

/** Fields of a registration; `PUT` takes any of them. */
class RegistrationFieldsDto {
  @ApiPropertyOptional({ maxLength: 100, description: 'Default: from the name' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  @PlainText()
  readonly displayName?: string;

  @ApiPropertyOptional({ enum: STACK_CATEGORIES, default: 'devops' })
  @IsOptional()
  @IsIn(STACK_CATEGORIES)
  readonly category?: StackCategory;

  @ApiPropertyOptional({ minimum: 1, maximum: 10, nullable: true, description: 'Advisory; not below the computed one' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10)
  readonly layer?: number | null;

  @ApiPropertyOptional({ default: true, description: 'false: a failure is a warning and never rolls back' })
  @IsOptional()
  @IsBoolean()
  readonly critical?: boolean;

  @ApiPropertyOptional({ minimum: 1, maximum: 999, default: 100, description: 'Lower starts first' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(999)
  readonly priority?: number;

  @ApiPropertyOptional({ type: [String], example: ['network', 'security'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @ArrayUnique()
  @IsString({ each: true })
  readonly dependencies?: string[];

  @ApiPropertyOptional({ type: [String], description: 'An order only where the target is enabled' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @ArrayUnique()
  @IsString({ each: true })
  readonly optionalDependencies?: string[];

  @ApiPropertyOptional({
    type: Object,
    example: { retentionDays: { type: 'number', required: false, default: 4, minimum: 1, maximum: 14 } },
    description: 'Inputs; over what the source says. In PUT merged deeply, null removes one',
  })
  @IsOptional()
  @IsObject()
  readonly configuration?: Record<string, unknown>;

  @ApiPropertyOptional({
    type: Object,
    example: { queueUrl: { type: 'string' } },
    description: 'Over what the source says. In PUT merged deeply, null removes one',
  })
  @IsOptional()
  @IsObject()
  readonly outputs?: Record<string, unknown>;

  @ApiPropertyOptional({ type: [StackResourceDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @ValidateNested({ each: true })
  @Type(() => StackResourceDto)
  readonly resources?: StackResourceDto[];

  @ApiPropertyOptional({ default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  readonly estimatedResources?: number;

  @ApiPropertyOptional({ default: 180, description: 'Seconds' })
  @IsOptional()
  @IsNumber()
  @Min(0)
  readonly estimatedDuration?: number;

  @ApiPropertyOptional({ default: 0, description: 'USD' })
  @IsOptional()
  @IsNumber()
  @Min(0)
  readonly estimatedMonthlyCost?: number;

  @ApiPropertyOptional({
    oneOf: [{ type: 'object', additionalProperties: true }, { type: 'string' }],
    description: 'A whole stack template, as an object or YAML; other fields may repeat it, not contradict it',
  })
  @IsOptional()
  @ValidateIf((_body, value: unknown) => typeof value !== 'string')
  @IsObject({ message: 'stackDefinition must be an object or YAML' })
  readonly stackDefinition?: Record<string, unknown> | string;

  @ApiPropertyOptional({ type: Object, example: { retentionDays: 7 }, description: 'Input → default value' })
  @IsOptional()
  @IsObject()
  readonly defaults?: Record<string, unknown>;

  @ApiPropertyOptional({ default: false, description: 'Types and flags of all parameters must be declared' })
  @IsOptional()
  @IsBoolean()
  readonly strict?: boolean;
}

export class RegisterStackDto extends RegistrationFieldsDto {
  @ApiProperty({ example: 'queue', description: 'Name of its folder below STACKS_ROOT' })
  @IsDefined({ message: 'name is required' })
  @Matches(STACK_NAME, { message: 'name must be lower case letters, digits and single dashes, starting with a letter' })
  @MaxLength(STACK_NAME_LENGTH)
  @IsNotIn(RESERVED_STACK_NAMES, { message: `name must not be one of ${RESERVED_STACK_NAMES.join(', ')}` })
  readonly name!: string;

  @ApiProperty({ example: 'Message queues', maxLength: 1000 })
  @IsDefined({ message: 'description is required' })
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  readonly description!: string;

  @ApiPropertyOptional({ default: false, description: 'Replace a registered stack of that name' })
  @IsOptional()
  @IsBoolean()
  readonly overwrite?: boolean;

  @ApiPropertyOptional({ default: true, description: 'Read inputs and outputs from the source' })
  @IsOptional()
  @IsBoolean()
  readonly autoExtract?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Report how program and template agree' })
  @IsOptional()
  @IsBoolean()
  readonly validate?: boolean;
}

export class UpdateStackDto extends RegistrationFieldsDto {
  @ApiPropertyOptional({ maxLength: 1000 })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  readonly description?: string;

  @ApiPropertyOptional({ type: [AddedParameterDto], description: 'Inputs' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @ValidateNested({ each: true })
  @Type(() => AddedParameterDto)
  readonly addParams?: AddedParameterDto[];

  @ApiPropertyOptional({ type: [String], description: 'Inputs' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @IsString({ each: true })
  readonly removeParams?: string[];
}

export class UnregisterQuery {
  @ApiPropertyOptional({ default: false, description: 'Also while deployments, templates or stacks need it' })
  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  readonly force: boolean = false;
}

export class RegisterAllDto {
  @ApiPropertyOptional({ default: false, description: 'From stack.yaml beside the program, or the built-in stack' })
  @IsOptional()
  @IsBoolean()
  readonly includeDependencies?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Check only' })
  @IsOptional()
  @IsBoolean()
  readonly dryRun?: boolean;
}

export class ValidateStackDto {
  @ApiPropertyOptional({ default: false, description: 'Warnings that may block do' })
  @IsOptional()
  @IsBoolean()
  readonly strict?: boolean;
}

export class RegisteredDto {
  @ApiProperty({ example: 'queue' }) readonly name!: string;
  @ApiProperty({ example: 'Queue' }) readonly displayName!: string;
  @ApiProperty() readonly registeredAt!: Date;
  @ApiProperty() readonly registeredBy!: string;
  @ApiProperty({ enum: ['active', 'disabled'] }) readonly status!: string;
  @ApiProperty() readonly revision!: number;
  @ApiProperty({ type: [String] }) readonly warnings!: readonly string[];
  @ApiProperty({ type: Object, isArray: true, nullable: true, description: 'Findings, with `validate`' })
  readonly validation!: readonly Finding[] | null;
}

export function toRegisteredDto(
  { registration, warnings, validation }: Registered,
  displayName: string,
): RegisteredDto {
  const { name, registeredAt, registeredBy, status, revision } = registration;
  return { name, displayName, registeredAt, registeredBy, status, revision, warnings, validation };
}

export class StackUpdatedDto {
  @ApiProperty({ example: 'queue' }) readonly name!: string;
  @ApiProperty() readonly updatedAt!: Date;
  @ApiProperty() readonly updatedBy!: string;
  @ApiProperty() readonly revision!: number;
  @ApiProperty({ type: [String], example: ['priority updated'] }) readonly changes!: readonly string[];
}

export function toStackUpdatedDto({ registration, changes }: RegistrationUpdated): StackUpdatedDto {
  const { name, updatedAt, updatedBy, revision } = registration;
  return { name, updatedAt, updatedBy, revision, changes };
}

export class UnregisteredDto {
  @ApiProperty({ example: 'queue' }) readonly name!: string;
  @ApiProperty() readonly unregisteredAt!: Date;
  @ApiProperty() readonly unregisteredBy!: string;
  @ApiProperty({ type: [String], description: 'Deployments that still have it' })
  readonly affectedDeployments!: readonly string[];
}

export function toUnregisteredDto({ registration, affectedDeployments }: Unregistered): UnregisteredDto {
  const { name, updatedAt, updatedBy } = registration;
  return { name, unregisteredAt: updatedAt, unregisteredBy: updatedBy, affectedDeployments };
}

export class BulkRegistrationDto {
  @ApiProperty({ type: Object, isArray: true, description: '`{name, path, status, dependencies, error}`' })
  readonly results!: readonly BulkResult[];
  @ApiProperty() readonly registered!: number;
  @ApiProperty() readonly failed!: number;
  @ApiProperty() readonly total!: number;
  @ApiProperty() readonly dryRun!: boolean;
}

export function toBulkRegistrationDto(results: readonly BulkResult[], dryRun: boolean): BulkRegistrationDto {
  const count = (status: BulkResult['status']): number => results.filter((result) => result.status === status).length;
  return { results, registered: count('registered'), failed: count('failed'), total: results.length, dryRun };
}

export class StackValidationDto {
  @ApiProperty() readonly valid!: boolean;
  @ApiProperty({ type: Object, isArray: true }) readonly errors!: readonly Finding[];
  @ApiProperty({ type: Object, isArray: true }) readonly warnings!: readonly Finding[];
  @ApiProperty({
    type: Object,
    description: '`{missingInTemplate, missingInCode, typeMismatches, matches, synchronized}`',
  })
  readonly comparison!: CodeComparison;
}
