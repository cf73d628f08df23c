import { ApiProperty } from '@nestjs/swagger';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';

const RESOURCE = { version: 3, deployment: { manifest: { time: '2026-03-01T12:00:00Z' }, resources: [] } };

class PlaceDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' }) readonly environment!: EnvironmentName;
}

export class StateOverviewDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({
    type: Object,
    description:
      'By environment: stacks, and the lock or null: holder, age, whether it is alive, and who waits in which place',
    example: {
      dev: {
        stacks: [
          {
            name: 'network',
            pulumiStack: 'DT85S00-network-dev',
            version: 12,
            resourceCount: 14,
            status: 'deployed',
            driftDetected: false,
            lastUpdated: '2026-03-01T12:00:00.000Z',
          },
        ],
        lock: null,
      },
    },
  })
  readonly environments!: object;
}

export class StateExportDto extends PlaceDto {
  @ApiProperty({ format: 'date-time' }) readonly exportedAt!: string;
  @ApiProperty({ example: false, description: 'An operation runs: the states may not fit together' })
  readonly operationInProgress!: boolean;
  @ApiProperty({ required: false, example: 'network' }) readonly stack?: string;
  @ApiProperty({ type: Object, required: false, example: RESOURCE }) readonly state?: object;
  @ApiProperty({
    type: Object,
    required: false,
    description: 'Without stack: by stack',
    example: { network: RESOURCE },
  })
  readonly states?: object;
  @ApiProperty({
    type: Object,
    required: false,
    description: 'With allEnvironments, in the place of all but deploymentId: by environment',
    example: { dev: { exportedAt: '2026-03-01T12:00:00Z', operationInProgress: false, states: { network: RESOURCE } } },
  })
  readonly environments?: object;
}

export class BackupDto extends PlaceDto {
  @ApiProperty({ example: 'bk-4f0c8m2x1q9z' }) readonly backupId!: string;
  @ApiProperty({ type: String, nullable: true, example: 'network' }) readonly stack!: string | null;
  @ApiProperty({ enum: ['manual', 'import', 'rollback', 'destroy'] }) readonly reason!: string;
  @ApiProperty({ type: String, nullable: true, example: 'before the migration' }) readonly label!: string | null;
  @ApiProperty({ type: String, nullable: true, example: null }) readonly operationId!: string | null;
  @ApiProperty({ format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ example: 'ops@demo.example' }) readonly createdBy!: string;
  @ApiProperty({ example: 48_213 }) readonly sizeBytes!: number;
  @ApiProperty({ example: `sha256:${'0'.repeat(64)}` }) readonly checksum!: string;
  @ApiProperty({ example: '/api/v1/deployments/DT85S00/state/backups/bk-4f0c8m2x1q9z' }) readonly downloadUrl!: string;
}

export class BackupContentDto extends BackupDto {
  @ApiProperty({ type: Object, example: { network: RESOURCE } }) readonly states!: object;
}

export class BackupListDto {
  @ApiProperty({ type: [BackupDto] }) readonly backups!: readonly BackupDto[];
  @ApiProperty({ type: Object }) readonly pagination!: object;
}

export class StateImportedDto extends PlaceDto {
  @ApiProperty({ example: 'network' }) readonly stack!: string;
  @ApiProperty({ example: 'op-4f0c8m2x1q9z' }) readonly operationId!: string;
  @ApiProperty({ format: 'date-time' }) readonly importedAt!: string;
  @ApiProperty({ example: 'admin@demo.example' }) readonly importedBy!: string;
  @ApiProperty({ example: 12 }) readonly previousVersion!: number;
  @ApiProperty({ example: 13 }) readonly version!: number;
  @ApiProperty({ type: String, nullable: true, description: 'Of the state that was there before' })
  readonly backupId!: string | null;
}

export class SyncedDto extends PlaceDto {
  @ApiProperty({ format: 'date-time' }) readonly syncedAt!: string;
  @ApiProperty({ example: 3 }) readonly stacksSynced!: number;
  @ApiProperty({ example: 1 }) readonly conflicts!: number;
  @ApiProperty({
    type: [Object],
    example: [{ stack: 'dns', recorded: 'deployed', actual: 'destroyed', resourceCount: 0, fixed: false }],
  })
  readonly conflictDetails!: readonly object[];
}

export class InventoryDto extends PlaceDto {
  @ApiProperty({
    type: [Object],
    example: [
      {
        urn: 'urn:pulumi:DT85S00-network-dev::shop::aws:ec2/vpc:Vpc::vpc',
        type: 'aws:ec2/vpc:Vpc',
        name: 'vpc',
        id: 'vpc-0a1b2c3d4e5f60718',
        arn: 'arn:aws:ec2:us-east-1:111111111111:vpc/vpc-0a1b2c3d4e5f60718',
        stack: 'network',
        status: 'created',
        drifted: false,
        protect: false,
        createdAt: '2026-03-01T12:00:00.000Z',
      },
    ],
  })
  readonly resources!: readonly object[];
  @ApiProperty({ type: [Object], example: [{ type: 'aws:ec2/vpc:Vpc', count: 1, stack: 'network' }] })
  readonly byType!: readonly object[];
  @ApiProperty({ example: 1 }) readonly total!: number;
  @ApiProperty({ type: Object }) readonly pagination!: object;
}

export class DriftDto extends PlaceDto {
  @ApiProperty({
    type: Object,
    nullable: true,
    example: { cron: '0 2 * * *', isDefault: false, nextAt: '2026-03-02T02:00:00.000Z', lastAt: null, deferred: 0 },
  })
  readonly schedule!: object | null;
  @ApiProperty({
    type: [Object],
    example: [
      {
        name: 'network',
        driftDetected: true,
        checkedAt: '2026-03-01T12:00:00.000Z',
        operationId: 'op-4f0c8m2x1q9z',
        resources: [
          {
            urn: 'urn:pulumi:DT85S00-network-dev::shop::aws:ec2/vpc:Vpc::vpc',
            type: 'aws:ec2/vpc:Vpc',
            name: 'vpc',
            repair: 'update',
            property: 'tags.Owner',
            expected: null,
            actual: 'hand',
          },
        ],
      },
    ],
  })
  readonly stacks!: readonly object[];
}

export class DriftScheduleDto extends PlaceDto {
  @ApiProperty({ type: Object, nullable: true, description: 'null: as DRIFT_DETECTION_CRON says' })
  readonly schedule!: object | null;
}

/** 202 of an operation that looks after stacks. */
export class UpkeepStartedDto extends PlaceDto {
  @ApiProperty({ example: 'op-4f0c8m2x1q9z' }) readonly operationId!: string;
  @ApiProperty({ enum: ['refresh', 'drift-detect', 'drift-fix', 'state-import'] }) readonly type!: string;
  @ApiProperty({ example: false }) readonly preview!: boolean;
  @ApiProperty({ enum: ['pending', 'in_progress'] }) readonly status!: string;
  @ApiProperty({ type: [Object], example: [{ name: 'network', layer: 1, status: 'pending', action: 'detect' }] })
  readonly stacks!: readonly object[];
  @ApiProperty({ example: '/api/v1/deployments/DT85S00/operations/op-4f0c8m2x1q9z' }) readonly statusUrl!: string;
}
