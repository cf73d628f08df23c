import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsOptional, Matches, MaxLength } from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import type { Finding } from '../../templates/finding.js';
import { type Check, CHECKS, VALIDATE_LEVELS, type ValidateLevel } from './check-groups.js';
import type { ValidationReport } from './validation.service.js';

export class ValidateBody {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, description: 'Default: all enabled ones' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;

  @ApiPropertyOptional({
    enum: CHECKS,
    isArray: true,
    description: 'Default: all',
    example: ['manifest', 'dependencies'],
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(CHECKS.length)
  @IsIn(CHECKS, { each: true, message: `checks must be of ${CHECKS.join(', ')}` })
  readonly checks?: Check[];

  @ApiPropertyOptional({ enum: VALIDATE_LEVELS, default: 'full', description: 'Cumulative' })
  @IsOptional()
  @IsIn(VALIDATE_LEVELS)
  readonly level?: ValidateLevel;

  @ApiPropertyOptional({ default: false, description: 'Warnings about programs become errors' })
  @IsOptional()
  @IsBoolean()
  readonly strict?: boolean;

  @ApiPropertyOptional({
    enum: [true, false, 'preview'],
    default: false,
    description:
      'Repair what has one reading and save it as a revision; preview only lists it. Needs deployments:update',
  })
  @IsOptional()
  @IsIn([true, false, 'preview'], { message: 'fix must be true, false or "preview"' })
  readonly fix?: boolean | 'preview';
}

export class StackValidateBody {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, default: 'dev' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;
}

export class VerifyQuery {
  @ApiProperty({ enum: ENVIRONMENTS })
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({ example: 'network' })
  @IsOptional()
  @Matches(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, { message: 'stack must be a stack name, e.g. network' })
  @MaxLength(40)
  readonly stack?: string;
}

export class FindingDto {
  @ApiProperty({ example: 'DEP-005' }) readonly ruleId!: string;
  @ApiProperty({ example: 'TEMPLATE_DEPENDENCY_MISMATCH' }) readonly code!: string;
  @ApiProperty({ enum: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], description: 'The first two block' })
  readonly severity!: string;
  @ApiProperty({ example: 'security lacks dependency network of its stack template' }) readonly message!: string;
  @ApiProperty({ example: 'stacks.security.dependencies' }) readonly location!: string;
  @ApiProperty({ type: String, nullable: true, example: 'security' }) readonly stack!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly environment!: string | null;
  @ApiProperty({ example: 'dependencies', description: 'Last part of the location' }) readonly field!: string;
  @ApiProperty({ type: Object, example: { missing: 'network', fixable: true } }) readonly details!: object;
  @ApiProperty({ example: 'Add the dependency.' }) readonly remediation!: string;
}

class CheckDto {
  @ApiProperty({ enum: CHECKS }) readonly name!: string;
  @ApiProperty({ enum: ['passed', 'failed', 'skipped'] }) readonly status!: string;
  @ApiProperty({ example: 'no problems' }) readonly message!: string;
  @ApiProperty({ type: Object, example: { errors: 0, warnings: 1, notValidated: ['stage', 'prod'] } })
  readonly details!: object;
}

export class ValidationDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ enum: ENVIRONMENTS, nullable: true, type: String }) readonly environment!: string | null;
  @ApiProperty({ description: 'No errors' }) readonly valid!: boolean;
  @ApiProperty({ enum: VALIDATE_LEVELS, description: 'Last level that was looked at' }) readonly level!: string;
  @ApiProperty({ type: [CheckDto] }) readonly checks!: readonly CheckDto[];
  @ApiProperty({ type: [FindingDto] }) readonly errors!: readonly FindingDto[];
  @ApiProperty({ type: [FindingDto] }) readonly warnings!: readonly FindingDto[];
  @ApiProperty({
    type: Object,
    isArray: true,
    example: [{ ruleId: 'CFG-002', location: 'stacks.app.config.port', message: 'stacks.app.config.port: "80" → 80' }],
  })
  readonly fixed!: readonly object[];
  @ApiProperty({ description: 'false for a preview, and while something stays wrong that a save refuses' })
  readonly fixesSaved!: boolean;
  @ApiProperty({ example: 2, description: 'Of the manifest' }) readonly revision!: number;
  @ApiProperty({
    type: Object,
    example: {
      totalStacks: 3,
      enabledStacks: 3,
      environments: ['dev'],
      dependencyLayers: 2,
      maxParallelism: 2,
      crossStackReferences: 4,
      layers: [['dns', 'network'], ['security']],
    },
  })
  readonly info!: object;
}

export class StackValidationDto {
  @ApiProperty() readonly valid!: boolean;
  @ApiProperty({
    type: Object,
    isArray: true,
    example: [{ name: 'code-exists', status: 'passed', message: 'no problems' }],
  })
  readonly checks!: readonly object[];
  @ApiProperty({ type: [FindingDto] }) readonly errors!: readonly FindingDto[];
  @ApiProperty({ type: [FindingDto] }) readonly warnings!: readonly FindingDto[];
}

export class VerificationDto {
  @ApiProperty({ enum: ['HEALTHY', 'DEGRADED', 'UNHEALTHY'] }) readonly overallStatus!: string;
  @ApiProperty({ type: Date }) readonly verifiedAt!: Date;
  @ApiProperty({
    type: Object,
    isArray: true,
    example: [
      {
        name: 'network',
        status: 'HEALTHY',
        checks: [{ name: 'resources', ruleId: 'POST-001', status: 'passed', message: '29 resources' }],
      },
    ],
  })
  readonly stacks!: readonly object[];
}

export function toFindingDto(finding: Finding): FindingDto {
  const { ruleId, code, severity, message, location, stack, environment, details, remediation } = finding;
  return {
    ruleId,
    code,
    severity,
    message,
    location,
    stack: stack ?? null,
    environment: environment ?? null,
    field: location.split('.').at(-1) ?? '',
    details,
    remediation,
  };
}

export function toValidationDto(report: ValidationReport): ValidationDto {
  return { ...report, errors: report.errors.map(toFindingDto), warnings: report.warnings.map(toFindingDto) };
}
