import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { METRICS_PERIODS, type MetricsPeriod } from './deployment-metrics.service.js';

/** Query of `GET /deployments/:id/metrics` (api.md 3.9). */
export class DeploymentMetricsQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, description: 'Default: all' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;

  @ApiPropertyOptional({ enum: METRICS_PERIODS, default: '24h', description: 'Operations that ended in it count' })
  @IsOptional()
  @IsIn(METRICS_PERIODS, { message: `period must be one of ${METRICS_PERIODS.join(', ')}` })
  readonly period: MetricsPeriod = '24h';
}

const RATE = {
  type: Number,
  nullable: true,
  example: 0.95,
  description: '0 to 1; null = nothing to take it from',
} as const;
const SECONDS = { type: Number, nullable: true, example: 312.5, description: 'Seconds' } as const;

class DeployMetricsDto {
  @ApiProperty({ example: 20, description: 'Deploys, deploys of one stack and promotions' }) readonly total!: number;
  @ApiProperty({ example: 18 }) readonly successful!: number;
  @ApiProperty({ example: 1 }) readonly failed!: number;
  @ApiProperty({ example: 1 }) readonly cancelled!: number;
  @ApiProperty(RATE) readonly successRate!: number | null;
  @ApiProperty(SECONDS) readonly averageDuration!: number | null;
}

class ResourceMetricsDto {
  @ApiProperty({ example: 120 }) readonly total!: number;
  @ApiProperty({ example: 100 }) readonly created!: number;
  @ApiProperty({ example: 15 }) readonly updated!: number;
  @ApiProperty({ example: 3 }) readonly deleted!: number;
  @ApiProperty({ example: 2 }) readonly failed!: number;
  @ApiProperty(RATE) readonly successRate!: number | null;
}

class SkipMetricsDto {
  @ApiProperty({ example: 40, description: 'Skipped as unchanged' }) readonly stacks!: number;
  @ApiProperty(RATE) readonly rate!: number | null;
}

class ErrorMetricsDto {
  @ApiProperty({ type: Object, example: { SERVICE_LIMIT_EXCEEDED: 1 } }) readonly byCode!: Readonly<
    Record<string, number>
  >;
  @ApiProperty({ type: Object, example: { limit: 1 } }) readonly byClass!: Readonly<Record<string, number>>;
}

class CostMetricsDto {
  @ApiProperty({ example: 240, description: 'USD a month of what stands now, by the estimates of its templates' })
  readonly estimatedMonthly!: number;
  @ApiProperty({ example: 35, description: 'USD a month against the start of the period' }) readonly change!: number;
  @ApiProperty({ enum: ['up', 'down', 'stable'] }) readonly trend!: 'up' | 'down' | 'stable';
}

class StackMetricsDto {
  @ApiProperty({ example: 'network' }) readonly name!: string;
  @ApiProperty({ example: 12, description: 'Times it ran' }) readonly deployments!: number;
  @ApiProperty(SECONDS) readonly averageDuration!: number | null;
  @ApiProperty(RATE) readonly successRate!: number | null;
}

class MetricsDto {
  @ApiProperty({ type: DeployMetricsDto }) readonly deployments!: DeployMetricsDto;
  @ApiProperty({ type: ResourceMetricsDto }) readonly resources!: ResourceMetricsDto;
  @ApiProperty({ type: SkipMetricsDto }) readonly skip!: SkipMetricsDto;
  @ApiProperty({ type: ErrorMetricsDto }) readonly errors!: ErrorMetricsDto;
  @ApiProperty({ type: CostMetricsDto }) readonly costs!: CostMetricsDto;
  @ApiProperty({ type: [StackMetricsDto] }) readonly stacks!: readonly StackMetricsDto[];
}

export class DeploymentMetricsDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ enum: ENVIRONMENTS, nullable: true, description: 'null = all' })
  readonly environment!: EnvironmentName | null;
  @ApiProperty({ enum: METRICS_PERIODS }) readonly period!: MetricsPeriod;
  @ApiProperty({ type: String, format: 'date-time' }) readonly from!: Date;
  @ApiProperty({ type: String, format: 'date-time' }) readonly to!: Date;
  @ApiProperty({ type: MetricsDto }) readonly metrics!: MetricsDto;
}
