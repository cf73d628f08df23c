import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { BackupFormatQuery } from '../state/state.dto.js';
import type { StateBackup } from '../state/state-backup.js';
import type { StateBundle } from './state-bundle.js';

export class BundleParams {
  @ApiProperty({ example: 'sx-4f0c8m2x1q9z' })
  @Matches(/^sx-[a-z0-9]{12}$/, { message: 'bundleId must look like sx-4f0c8m2x1q9z' })
  readonly bundleId!: string;
}

export class BundleFormatQuery extends BackupFormatQuery {}

export class BundleStartedDto {
  @ApiProperty({ example: 'sx-4f0c8m2x1q9z' }) readonly bundleId!: string;
  @ApiProperty({ enum: ['running', 'complete'] }) readonly status!: string;
  @ApiProperty({ format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ example: 'admin@demo.example' }) readonly createdBy!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly completedAt!: string | null;
  @ApiProperty({ example: 12, description: 'Environments with something deployed' }) readonly environments!: number;
  @ApiProperty({ example: 31 }) readonly stacks!: number;
  @ApiProperty({ example: '/api/v1/state/bundles/sx-4f0c8m2x1q9z' }) readonly downloadUrl!: string;
}

export class BundleDto extends BundleStartedDto {
  @ApiProperty({
    type: [Object],
    description: 'By environment; secrets in states stay encrypted. operationInProgress: they may not fit together',
    example: [
      {
        organization: 'demo',
        deploymentId: 'DT85S00',
        environment: 'dev',
        status: 'done',
        operationInProgress: false,
        error: null,
        backupId: 'bk-4f0c8m2x1q9z',
        states: { network: { version: 3, deployment: { resources: [] } } },
      },
    ],
  })
  readonly entries!: readonly object[];
}

export function toBundleStartedDto(bundle: StateBundle): Record<string, unknown> {
  const { bundleId, status, createdAt, createdBy, completedAt, entries } = bundle;
  return {
    ...{ bundleId, status, createdAt, createdBy, completedAt },
    environments: entries.length,
    stacks: entries.reduce((sum, { stacks }) => sum + stacks.length, 0),
    downloadUrl: `/api/v1/state/bundles/${bundleId}`,
  };
}

export function toBundleDto(
  bundle: StateBundle,
  states: ReadonlyMap<string, StateBackup['states']>,
): Record<string, unknown> {
  return {
    ...toBundleStartedDto(bundle),
    entries: bundle.entries.map(({ stacks: _names, ...entry }) => ({
      ...entry,
      states: (entry.backupId && states.get(entry.backupId)) || {},
    })),
  };
}
