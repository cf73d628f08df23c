import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';

const STATUSES = [
  'disabled',
  'ready',
  'deploying',
  'deployed',
  'partial',
  'failed',
  'rolling_back',
  'rolled_back',
  'destroying',
  'destroyed',
];

/** Fields of one environment (deployments.md 9.1). */
export class EnvironmentItemDto {
  @ApiProperty({ enum: ENVIRONMENTS }) readonly name!: EnvironmentName;
  @ApiProperty({ example: true }) readonly enabled!: boolean;
  @ApiProperty({ example: 'us-east-1' }) readonly region!: string;
  @ApiProperty({ example: '111111111111' }) readonly account!: string;
  @ApiProperty({ enum: STATUSES }) readonly status!: string;
  @ApiProperty({ example: 2, description: 'Newest version, 0 = none' }) readonly currentVersion!: number;
  @ApiProperty({ example: 2, description: 'Same as currentVersion' }) readonly version!: number;
  @ApiProperty({ type: Object, example: { tier: 'trial' } }) readonly tags!: object;
  @ApiProperty({ type: Object, description: 'Its values for every stack; secrets as ***' }) readonly config!: object;
  @ApiProperty({ example: 3 }) readonly stacksDeployed!: number;
  @ApiProperty({ example: 0 }) readonly stacksFailed!: number;
  @ApiProperty({
    type: Object,
    description: '`<stack>.<output>` → address: outputs that stack templates flag as endpoints',
    example: { 'services-api.apiUrl': 'https://api.shop.example.com' },
  })
  readonly endpoints!: object;
  @ApiProperty({ example: 79.5, description: 'USD, an estimate of the stacks that take part' })
  readonly estimatedMonthlyCost!: number;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly currentOperationId!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly lastDeployedAt!: Date | null;
  @ApiProperty({ type: String, nullable: true }) readonly lastDeployedBy!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly enabledAt!: Date | null;
  @ApiProperty({ type: String, nullable: true }) readonly enabledBy!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly disabledAt!: Date | null;
  @ApiProperty({ type: String, nullable: true }) readonly disabledBy!: string | null;
}

export class EnvironmentDetailDto extends EnvironmentItemDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
}

export class EnvironmentListDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ type: [EnvironmentItemDto] }) readonly environments!: readonly EnvironmentItemDto[];
  @ApiProperty({ example: 3 }) readonly total!: number;
}

export class NoticeDto {
  @ApiProperty({ example: 'PROMOTION_ORDER' }) readonly code!: string;
  @ApiProperty({ enum: ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] }) readonly severity!: string;
  @ApiProperty({ example: 'stage comes after dev, but dev is ready, not deployed' }) readonly message!: string;
  @ApiProperty({ type: Object, example: { predecessor: 'dev', recommendedSoakHours: 24 } }) readonly details!: object;
}

class SwitchedDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ enum: ENVIRONMENTS, example: 'stage' }) readonly environment!: EnvironmentName;
  @ApiProperty({ description: 'As it is now: with destroyResources it flips when that has succeeded' })
  readonly enabled!: boolean;
  @ApiProperty({ enum: STATUSES, example: 'ready' }) readonly status!: string;
  @ApiProperty({ example: 2, description: 'Revision of the manifest' }) readonly revision!: number;
  @ApiProperty({ type: [NoticeDto] }) readonly warnings!: readonly NoticeDto[];
  @ApiPropertyOptional({ example: 'op-4f0c8m2x1q9z', description: 'When an operation was started (202)' })
  readonly operationId?: string;
  @ApiPropertyOptional({ type: Object, description: 'The answer of that deployment or destroy' })
  readonly operation?: object;
}

export class EnabledDto extends SwitchedDto {
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly enabledAt!: Date | null;
  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' }) readonly enabledBy!: string | null;
  @ApiProperty({ example: '222222222222' }) readonly account!: string;
  @ApiProperty({ example: 'us-east-1' }) readonly region!: string;
}

export class DisabledDto extends SwitchedDto {
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly disabledAt!: Date | null;
  @ApiProperty({ type: String, nullable: true, example: 'ada@example.com' }) readonly disabledBy!: string | null;
  @ApiProperty({ example: 0 }) readonly resourcesRemaining!: number;
}

class DifferenceDto {
  @ApiProperty({ example: 'dns' }) readonly stack!: string;
  @ApiProperty({ example: 'healthCheckFailureThreshold' }) readonly key!: string;
  @ApiProperty({ type: Object, nullable: true, example: 3, description: 'Value before; null = absent' })
  readonly from!: unknown;
  @ApiProperty({ type: Object, nullable: true, example: 5, description: 'Value after; null = absent' })
  readonly to!: unknown;
}

/** What the answer of a promotion has besides that of a deployment. */
export class PromotionDto {
  @ApiProperty({ example: 'op-4f0c8m2x1q9z' }) readonly operationId!: string;
  @ApiProperty({ example: 'clone' }) readonly type!: string;
  @ApiProperty({ example: false }) readonly preview!: boolean;
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' }) readonly from!: EnvironmentName;
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' }) readonly sourceEnvironment!: EnvironmentName;
  @ApiProperty({ enum: ENVIRONMENTS, example: 'stage' }) readonly targetEnvironment!: EnvironmentName;
  @ApiProperty({
    example: '0b5f7d3c8e1a4f6029d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a3f2e1d0c9b8a7f6',
    description: 'Of programs, templates and shared configuration: the same from dev to prod',
  })
  readonly contentHash!: string;
  @ApiProperty({ example: 3, description: 'Manifest revision that was deployed in the source' })
  readonly sourceRevision!: number;
  @ApiProperty({ example: 1, description: 'Version of the source' }) readonly sourceVersion!: number;
  @ApiProperty({ example: 4, description: 'Manifest revision of this run' }) readonly manifestRevision!: number;
  @ApiProperty({ type: [DifferenceDto], description: 'What changes in the configuration of the target' })
  readonly diff!: readonly DifferenceDto[];
  @ApiProperty({ type: [String], example: [], description: 'Stacks of the source that the target does not have' })
  readonly stacksLeftOut!: readonly string[];
  @ApiProperty({ type: [NoticeDto] }) readonly warnings!: readonly NoticeDto[];
}
