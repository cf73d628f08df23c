import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { PageQuery, ToInt } from '../../shared/http/paging.js';
import type { ParameterInput, ParameterOutput } from '../templates/parameter.js';
import { STACK_CATEGORIES, STACK_NAME, type StackCategory } from '../templates/stack-template.js';
import type { RegisteredStack } from './stacks.service.js';

export class StackParams {
  @ApiProperty({ example: 'network' })
  @Matches(STACK_NAME, { message: 'stack must be the name of a stack' })
  @MaxLength(40)
  readonly stack!: string;
}

export class StacksQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STACK_CATEGORIES })
  @IsOptional()
  @IsIn(STACK_CATEGORIES)
  readonly category?: StackCategory;

  @ApiPropertyOptional({ minimum: 1, maximum: 10, description: 'Calculated over the whole registry' })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(10)
  readonly layer?: number;

  @ApiPropertyOptional({ example: 'minimal', description: 'Only stacks of this template' })
  @IsOptional()
  @IsString()
  @MaxLength(63)
  readonly template?: string;

  @ApiPropertyOptional({ maxLength: 200, description: 'Part of name, title or description, in any case' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly search?: string;

  @ApiPropertyOptional({ enum: ['active', 'disabled'] })
  @IsOptional()
  @IsIn(['active', 'disabled'])
  readonly status?: 'active' | 'disabled';
}

export class StackItemDto {
  @ApiProperty({ example: 'network' }) readonly name!: string;
  @ApiProperty() readonly displayName!: string;
  @ApiProperty() readonly description!: string;
  @ApiProperty({ enum: STACK_CATEGORIES }) readonly category!: string;
  @ApiProperty({ description: 'Over the whole registry, from 1' }) readonly layer!: number;
  @ApiProperty({ description: '1–999, lower starts first' }) readonly priority!: number;
  @ApiProperty({ type: [String] }) readonly dependencies!: readonly string[];
  @ApiProperty({ type: [String] }) readonly optionalDependencies!: readonly string[];
  @ApiProperty({ type: [String], description: 'Names' }) readonly outputs!: readonly string[];
  @ApiProperty() readonly estimatedResources!: number;
  @ApiProperty({ description: 'Seconds' }) readonly estimatedDuration!: number;
  @ApiProperty({ type: [String], description: 'Manifest templates with it' }) readonly templates!: readonly string[];
  @ApiProperty({ enum: ['present', 'missing'], description: 'Whether its program is on this host' })
  readonly sourceStatus!: string;
}

export class StackDto {
  @ApiProperty({
    type: Object,
    description: 'Output → `{type, secret, endpoint, description}`; endpoint: an address shown with the environment',
  })
  readonly outputs!: Readonly<Record<string, ParameterOutput>>;
  @ApiProperty({ type: Object, description: 'Input → its declaration with defaults' })
  readonly configuration!: Readonly<Record<string, ParameterInput>>;
  @ApiProperty({ type: Object, isArray: true }) readonly resources!: readonly object[];
  @ApiProperty() readonly version!: string;
  @ApiProperty({ description: 'false: a failure is a warning and never rolls back' }) readonly critical!: boolean;
  @ApiProperty({ description: 'USD' }) readonly estimatedMonthlyCost!: number;
  @ApiProperty({ type: [String] }) readonly dependents!: readonly string[];
  @ApiProperty({ enum: ['active', 'disabled'] }) readonly status!: string;
  @ApiProperty({ nullable: true, type: String, description: 'Main file below STACKS_ROOT' }) readonly codePath!:
    string | null;
  @ApiProperty({ nullable: true, type: String }) readonly documentation!: string | null;
  @ApiProperty({ nullable: true, type: Date, description: 'null for built-in stacks' })
  readonly registeredAt!: Date | null;
  @ApiProperty() readonly registeredBy!: string;
  @ApiProperty({ nullable: true, type: Date }) readonly updatedAt!: Date | null;
  @ApiProperty({ nullable: true, type: String }) readonly updatedBy!: string | null;
  @ApiProperty() readonly revision!: number;
}

export type StackBody = Omit<StackItemDto, 'outputs'> & StackDto;

export function toStackItemDto({ template, layer, templates, sourceStatus }: RegisteredStack): StackItemDto {
  return {
    name: template.name,
    displayName: template.displayName,
    description: template.description,
    category: template.category,
    layer,
    priority: template.priority,
    dependencies: template.dependencies,
    optionalDependencies: template.optionalDependencies,
    outputs: Object.keys(template.outputs),
    estimatedResources: template.estimatedResources,
    estimatedDuration: template.estimatedDuration,
    templates,
    sourceStatus,
  };
}

export function toStackDto(
  stack: RegisteredStack,
  place: { readonly codePath: string | null; readonly documentation: string | null },
): StackBody {
  const { template, registration } = stack;
  return {
    ...toStackItemDto(stack),
    outputs: template.outputs,
    configuration: template.inputs,
    resources: registration?.resources ?? [],
    version: template.version,
    critical: template.critical,
    estimatedMonthlyCost: template.estimatedMonthlyCost,
    dependents: stack.dependents,
    status: stack.status,
    ...place,
    registeredAt: registration?.registeredAt ?? null, // built-in stacks come with the release
    registeredBy: registration?.registeredBy ?? 'system',
    updatedAt: registration?.updatedAt ?? null,
    updatedBy: registration?.updatedBy ?? null,
    revision: registration?.revision ?? 1,
  };
}
