import { ApiProperty } from '@nestjs/swagger';
import type { FoundFailures } from './failure-detection.js';

export class FoundFailuresDto {
  @ApiProperty({ type: [String], example: ['0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11'], description: 'Marked by this run' })
  readonly stalled_sessions!: readonly string[];
  @ApiProperty({ example: 1 }) readonly count!: number;
  @ApiProperty({ type: [String], example: [] }) readonly offline_machines!: readonly string[];
  @ApiProperty({ example: 12 }) readonly duration_ms!: number;
  @ApiProperty({ example: false, description: 'Another run was at it; nothing was done' }) readonly skipped!: boolean;
}

export function toFoundFailuresDto(found: FoundFailures): FoundFailuresDto {
  return {
    stalled_sessions: found.sessionIds,
    count: found.sessionIds.length,
    offline_machines: found.machineIds,
    duration_ms: found.durationMs,
    skipped: found.isSkipped,
  };
}
