import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  registerDecorator,
  ValidateIf,
} from 'class-validator';
import { MetadataField } from '../../shared/http/metadata.js';
import { OffsetQuery } from '../../shared/http/paging.js';
import { RESERVED_METADATA_KEYS } from '../../shared/kernel/metadata-limits.js';
import {
  type AvailableMachine,
  type Machine,
  MACHINE_STATUSES,
  type MachineChange,
  type MachineDraft,
  type MachineStats,
  type MachineStatus,
  type SlotInfo,
} from './machine.js';

const MAX_SLOTS = 1024;
const MAX_SLOT = 65_535;
const MACHINE_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const SLOT_INFO_EXAMPLE = { '1': { cpu_limit: 2, memory_limit_mb: 4096, note: 'for long builds' } };

/** Slot numbers, each once. */
const SlotsField = (): PropertyDecorator =>
  applyDecorators(
    IsArray(),
    ArrayMaxSize(MAX_SLOTS),
    ArrayUnique(),
    IsInt({ each: true }),
    Min(1, { each: true }),
    Max(MAX_SLOT, { each: true }),
  ) as PropertyDecorator;

/** What is wrong with limits of slots; null = nothing. */
function slotInfoProblem(value: unknown): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null; // IsObject says it
  const entries = Object.entries(value);
  if (entries.length > MAX_SLOTS) return `must have at most ${MAX_SLOTS} slots`;
  for (const [slot, info] of entries as [string, unknown][]) {
    if (!/^[1-9]\d{0,4}$/.test(slot) || Number(slot) > MAX_SLOT) return `has "${slot.slice(0, 40)}", which is no slot`;
    if (info === null || typeof info !== 'object' || Array.isArray(info)) return `of slot ${slot} must be an object`;
    const { cpu_limit: cpu, memory_limit_mb: memory, note, ...unknown } = info as Record<string, unknown>;
    const [other] = Object.keys(unknown);
    if (other !== undefined) return `of slot ${slot} has the unknown field ${other.slice(0, 40)}`;
    if (!isAbsent(cpu) && !(typeof cpu === 'number' && cpu > 0)) return `of slot ${slot}: cpu_limit must be above 0`;
    if (!isAbsent(memory) && !(Number.isInteger(memory) && Number(memory) > 0)) {
      return `of slot ${slot}: memory_limit_mb must be a whole number above 0`;
    }
    if (!isAbsent(note) && !(typeof note === 'string' && note.length <= 500)) {
      return `of slot ${slot}: note must be a text of at most 500 characters`;
    }
  }
  return null;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

const SlotInfoField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: true,
      description:
        'Slot → {cpu_limit, memory_limit_mb, note}, all optional. Nothing enforces them. Replaces what was there.',
      example: SLOT_INFO_EXAMPLE,
    }),
    IsOptional(),
    IsObject(),
    ((target: object, property: string | symbol) =>
      registerDecorator({
        name: 'slotInfoRules',
        target: target.constructor,
        propertyName: String(property),
        validator: {
          validate: (value: unknown) => slotInfoProblem(value) === null,
          defaultMessage: (args) => `slot_info ${slotInfoProblem(args?.value) ?? 'is wrong'}`,
        },
      })) as PropertyDecorator,
  ) as PropertyDecorator;

export class RegisterMachineDto {
  @ApiProperty({ minLength: 1, maxLength: 255, example: 'laptop-7' })
  @IsDefined()
  @IsString()
  @IsNotEmpty()
  @MaxLength(255)
  readonly hostname!: string;

  @ApiProperty({ type: [Number], description: 'Each once, 1 to 65535; may be empty', example: [1, 2, 3] })
  @IsDefined()
  @SlotsField()
  readonly docker_slots!: number[];

  @ApiPropertyOptional({ pattern: MACHINE_ID.source, description: 'Default: a new UUID', example: 'laptop-8' })
  @IsOptional()
  @IsString()
  @Matches(MACHINE_ID, { message: 'machine_id must be 1 to 128 characters of A-Z a-z 0-9 . _ : -' })
  readonly machine_id?: string;

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Record<string, unknown>;

  @SlotInfoField()
  readonly slot_info?: Record<string, SlotInfoDto>;
}

export class UpdateMachineDto {
  @ApiPropertyOptional({ enum: MACHINE_STATUSES, example: 'online' })
  @ValidateIf((_dto, value) => value !== undefined)
  @IsIn(MACHINE_STATUSES)
  readonly status?: MachineStatus;

  @ApiPropertyOptional({ minLength: 1, maxLength: 255, example: 'laptop-7' })
  @ValidateIf((_dto, value) => value !== undefined)
  @IsString()
  @Length(1, 255)
  readonly hostname?: string;

  @ApiPropertyOptional({ type: [Number], description: 'The whole list; each once, 1 to 65535', example: [1, 2, 3, 4] })
  @ValidateIf((_dto, value) => value !== undefined)
  @SlotsField()
  readonly docker_slots?: number[];

  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Record<string, unknown>;

  @SlotInfoField()
  readonly slot_info?: Record<string, SlotInfoDto>;
}

export class MachineHeartbeatDto {
  @MetadataField(RESERVED_METADATA_KEYS)
  readonly metadata?: Record<string, unknown>;
}

export class MachinesQuery extends OffsetQuery(200) {
  @ApiPropertyOptional({ enum: MACHINE_STATUSES })
  @IsOptional()
  @IsIn(MACHINE_STATUSES)
  readonly status?: MachineStatus;

  @ApiPropertyOptional({ description: 'Exact', example: 'laptop-7' })
  @IsOptional()
  @IsString()
  readonly hostname?: string;
}

export class SlotInfoDto {
  @ApiPropertyOptional({ type: Number, nullable: true, example: 2 }) readonly cpu_limit?: number | null;
  @ApiPropertyOptional({ type: Number, nullable: true, example: 4096 }) readonly memory_limit_mb?: number | null;
  @ApiPropertyOptional({ type: String, nullable: true, example: 'for long builds' }) readonly note?: string | null;
}

export class MachineDto {
  @ApiProperty({ example: 'laptop-7' }) readonly machine_id!: string;
  @ApiProperty({ example: 'laptop-7' }) readonly hostname!: string;
  @ApiProperty({ type: [Number], example: [1, 2, 3] }) readonly docker_slots!: readonly number[];
  @ApiProperty({
    type: [String],
    example: ['0b5f3c1e-8d0a-4a53-9f56-3f0f6f1f7a11'],
    description: 'Live sessions on it',
  })
  readonly active_sessions!: readonly string[];
  @ApiProperty({ enum: MACHINE_STATUSES, example: 'online' }) readonly status!: MachineStatus;
  @ApiProperty({ example: '2026-01-15T10:00:00.000Z' }) readonly last_heartbeat!: string;
  @ApiProperty({ type: 'object', additionalProperties: true, example: SLOT_INFO_EXAMPLE })
  readonly slot_info!: Readonly<Record<string, SlotInfoDto>>;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { os: 'linux' } })
  readonly metadata!: Readonly<Record<string, unknown>>;
  @ApiProperty({ example: '2026-01-15T10:00:00.000Z' }) readonly created_at!: string;
  @ApiProperty({ example: '2026-01-15T10:00:00.000Z' }) readonly updated_at!: string;
}

export class MachineBeatDto extends MachineDto {
  @ApiProperty({ enum: ['heartbeat recorded', 'machine online'], example: 'heartbeat recorded' })
  readonly message!: string;
}

export class AvailableMachineDto extends MachineDto {
  @ApiProperty({ example: 3 }) readonly total_slots!: number;
  @ApiProperty({ example: 1 }) readonly occupied_slots!: number;
  @ApiProperty({ example: 2 }) readonly available_slots!: number;
  @ApiProperty({ type: [Number], example: [2, 3] }) readonly available_slot_numbers!: readonly number[];
}

export class MachineStatsDto {
  @ApiProperty({ example: 4 }) readonly total!: number;
  @ApiProperty({ example: 3 }) readonly online!: number;
  @ApiProperty({ example: 1 }) readonly offline!: number;
  @ApiProperty({ example: 0 }) readonly maintenance!: number;
  @ApiProperty({ example: 12 }) readonly total_slots!: number;
  @ApiProperty({ example: 5, description: 'Defined slots that a live session holds' }) readonly occupied_slots!: number;
  @ApiProperty({ example: 6, description: 'Free slots of machines that are online' }) readonly available_slots!: number;
  @ApiProperty({ example: 5, description: 'Also on machines that are not registered' }) readonly live_sessions!: number;
}

export function toMachineDraft(dto: RegisterMachineDto): MachineDraft {
  return {
    ...(dto.machine_id == null ? {} : { id: dto.machine_id }),
    hostname: dto.hostname,
    dockerSlots: dto.docker_slots,
    metadata: dto.metadata ?? {},
    slotInfo: toSlotInfo(dto.slot_info ?? {}),
  };
}

export function toMachineChange(dto: UpdateMachineDto): MachineChange {
  return {
    ...(dto.status ? { status: dto.status } : {}),
    ...(dto.hostname === undefined ? {} : { hostname: dto.hostname }),
    ...(dto.docker_slots ? { dockerSlots: dto.docker_slots } : {}),
    ...(dto.metadata ? { metadata: dto.metadata } : {}),
    ...(dto.slot_info ? { slotInfo: toSlotInfo(dto.slot_info) } : {}),
  };
}

export function toMachineDto(machine: Machine): MachineDto {
  return {
    machine_id: machine.id,
    hostname: machine.hostname,
    docker_slots: machine.dockerSlots,
    active_sessions: machine.activeSessions,
    status: machine.status,
    last_heartbeat: machine.lastHeartbeatAt.toISOString(),
    slot_info: Object.fromEntries(
      Object.entries(machine.slotInfo).map(([slot, info]) => [
        slot,
        { cpu_limit: info.cpuLimit, memory_limit_mb: info.memoryLimitMb, note: info.note },
      ]),
    ),
    metadata: machine.metadata,
    created_at: machine.createdAt.toISOString(),
    updated_at: machine.updatedAt.toISOString(),
  };
}

export function toAvailableMachineDto({ machine, occupied, free }: AvailableMachine): AvailableMachineDto {
  return {
    ...toMachineDto(machine),
    total_slots: machine.dockerSlots.length,
    occupied_slots: occupied.length,
    available_slots: free.length,
    available_slot_numbers: free,
  };
}

export function toMachineStatsDto(stats: MachineStats): MachineStatsDto {
  return {
    total: stats.total,
    ...stats.byStatus,
    total_slots: stats.totalSlots,
    occupied_slots: stats.occupiedSlots,
    available_slots: stats.availableSlots,
    live_sessions: stats.liveSessions,
  };
}

function toSlotInfo(dto: Readonly<Record<string, SlotInfoDto>>): Record<string, SlotInfo> {
  return Object.fromEntries(
    Object.entries(dto).map(([slot, info]) => [
      slot,
      { cpuLimit: info.cpu_limit ?? null, memoryLimitMb: info.memory_limit_mb ?? null, note: info.note ?? null },
    ]),
  );
}
