import { ApiProperty } from '@nestjs/swagger';
import { IsDefined, IsIn } from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';

/** Of routes that want the environment said. */
export class RequiredEnvironmentQuery {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined({ message: 'environment is required' })
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;
}

export class StackListItemDto {
  @ApiProperty({ example: 'network' }) readonly name!: string;
  @ApiProperty({ example: 1, description: '0 = it takes no part in the environment' }) readonly layer!: number;
  @ApiProperty({ example: 200, description: 'Lower starts first' }) readonly priority!: number;
  @ApiProperty({ example: true }) readonly enabled!: boolean;
  @ApiProperty({ enum: ['not_deployed', 'deploying', 'deployed', 'failed', 'destroying', 'destroyed'] })
  readonly status!: string;
  @ApiProperty({ type: [String], example: ['network'] }) readonly dependencies!: readonly string[];
  @ApiProperty({ example: 29 }) readonly resourceCount!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly lastDeployedAt!: Date | null;
  @ApiProperty({ example: false }) readonly driftDetected!: boolean;
}

export class StackListDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ enum: ENVIRONMENTS }) readonly environment!: EnvironmentName;
  @ApiProperty({ type: [StackListItemDto] }) readonly stacks!: readonly StackListItemDto[];
  @ApiProperty({ example: 3 }) readonly total!: number;
}

export class StackResourceDto {
  @ApiProperty({ example: 'aws:ec2/vpc:Vpc' }) readonly type!: string;
  @ApiProperty({ example: 'main' }) readonly name!: string;
  @ApiProperty({ example: 'vpc-0a1b2c3d4e5f60718' }) readonly id!: string;
  @ApiProperty({ example: 'created' }) readonly status!: string;
}

export class StackStatusDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ example: 'network' }) readonly stack!: string;
  @ApiProperty({ example: 'network', description: 'Same as stack' }) readonly stackName!: string;
  @ApiProperty({ enum: ENVIRONMENTS }) readonly environment!: EnvironmentName;
  @ApiProperty({ example: 'deployed' }) readonly status!: string;
  @ApiProperty({ example: true }) readonly enabled!: boolean;
  @ApiProperty({ example: 'DT85S00-network-dev' }) readonly pulumiStack!: string;
  @ApiProperty({ example: 4, description: 'Number of the recorded state; 0 = none' }) readonly stateVersion!: number;
  @ApiProperty({ example: 1, description: 'Grows with every change of the stack' }) readonly stackVersion!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly lastDeployedAt!: Date | null;
  @ApiProperty({ type: String, nullable: true }) readonly lastDeployedBy!: string | null;
  @ApiProperty({ type: Object, description: 'Name → value; secret ones as ***' })
  readonly outputs!: Readonly<Record<string, unknown>>;
  @ApiProperty({ type: [StackResourceDto] }) readonly resources!: readonly StackResourceDto[];
  @ApiProperty({ example: 29 }) readonly resourceCount!: number;
  @ApiProperty({ type: Number, nullable: true, description: 'Seconds of the last successful run' })
  readonly deploymentDuration!: number | null;
  @ApiProperty({ example: false }) readonly driftDetected!: boolean;
  @ApiProperty({ type: Object, nullable: true, description: 'Of the last run, when it failed here' })
  readonly error!: unknown;
}

export class StackExportDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ example: 'network' }) readonly stack!: string;
  @ApiProperty({ example: 'network', description: 'Same as stack' }) readonly stackName!: string;
  @ApiProperty({ enum: ENVIRONMENTS }) readonly environment!: EnvironmentName;
  @ApiProperty({
    type: Object,
    example: { vpcCidr: '10.0.0.0/16', azCount: 2 },
    description: 'Merged, placeholders as they are written; secret values encrypted (sealed:v1:…)',
  })
  readonly configuration!: Readonly<Record<string, unknown>>;
  @ApiProperty({ type: Object, description: 'Name → value of the last deployment; secret values encrypted' })
  readonly outputs!: Readonly<Record<string, unknown>>;
  @ApiProperty({ type: [String], example: [] }) readonly dependencies!: readonly string[];
}
