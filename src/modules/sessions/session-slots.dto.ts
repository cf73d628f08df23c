import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { type Machine, MACHINE_STATUSES, type MachineStatus } from '../machines/machine.js';

const SESSION_ID = '0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11';
const WHEN = '2026-01-15T10:00:00.000Z';

export class ReleaseSessionDto {
  @ApiProperty({ example: SESSION_ID })
  @IsString()
  @Length(1, 200)
  readonly session_id!: string;
}

export class AssignSessionDto extends ReleaseSessionDto {
  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 1,
    maximum: 65_535,
    example: 1,
    description: 'Default: the lowest free one',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  readonly docker_slot?: number | null;
}

/** The machine after the move; the fields of GET /api/machines/:machineId. */
export class MachineOfSessionDto {
  @ApiProperty({ example: 'build-host-1' }) readonly machine_id!: string;
  @ApiProperty({ example: 'build-host-1' }) readonly hostname!: string;
  @ApiProperty({ type: [Number], example: [1, 2, 3] }) readonly docker_slots!: readonly number[];
  @ApiProperty({ type: [String], example: [SESSION_ID] }) readonly active_sessions!: readonly string[];
  @ApiProperty({ enum: MACHINE_STATUSES, example: 'online' }) readonly status!: MachineStatus;
  @ApiProperty({ example: WHEN }) readonly last_heartbeat!: string;
  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  readonly slot_info!: Readonly<Record<string, unknown>>;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { os: 'linux' } })
  readonly metadata!: Readonly<Record<string, unknown>>;
  @ApiProperty({ example: WHEN }) readonly created_at!: string;
  @ApiProperty({ example: WHEN }) readonly updated_at!: string;
}

export function toMachineOfSessionDto(machine: Machine): MachineOfSessionDto {
  const slots = Object.entries(machine.slotInfo).map(([slot, { cpuLimit, memoryLimitMb, note }]) => [
    slot,
    { cpu_limit: cpuLimit, memory_limit_mb: memoryLimitMb, note },
  ]);
  return {
    machine_id: machine.id,
    hostname: machine.hostname,
    docker_slots: machine.dockerSlots,
    active_sessions: machine.activeSessions,
    status: machine.status,
    last_heartbeat: machine.lastHeartbeatAt.toISOString(),
    slot_info: Object.fromEntries(slots) as Record<string, unknown>,
    metadata: machine.metadata,
    created_at: machine.createdAt.toISOString(),
    updated_at: machine.updatedAt.toISOString(),
  };
}
