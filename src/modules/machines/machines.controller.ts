import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowInSessions, type Caller, CurrentCaller, RateLimitClass } from '../../shared/http/allow.js';
import { type Answer, created, listed } from '../../shared/http/answer.js';
import { ApiRefusals } from '../../shared/http/api-answers.js';
import { IdempotencyService } from '../../shared/http/idempotency.service.js';
import { sliceOf, toRowCursor } from '../../shared/http/paging.js';
import {
  AvailableMachineDto,
  MachineBeatDto,
  MachineDto,
  MachineHeartbeatDto,
  MachinesQuery,
  MachineStatsDto,
  RegisterMachineDto,
  toAvailableMachineDto,
  toMachineChange,
  toMachineDraft,
  toMachineDto,
  toMachineStatsDto,
  UpdateMachineDto,
} from './machine.dto.js';
import type { Machine } from './machine.js';
import { MachinesService } from './machines.service.js';

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description: 'A repetition gets the first answer',
};
const KEY_REFUSALS = { 422: ['IDEMPOTENCY_KEY_REUSED'] };
const MISSING = { 404: ['RESOURCE_NOT_FOUND'] };
const CHANGE_REFUSALS = { 400: ['VALIDATION_FAILED', 'SLOT_NOT_DEFINED'], 409: ['SLOT_IN_USE'], ...MISSING };

@ApiTags('Machines')
@Controller('api/machines')
export class MachinesController {
  constructor(
    private readonly machines: MachinesService,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Post()
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Register a machine' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiCreatedResponse({ type: MachineDto })
  @ApiRefusals({
    400: ['VALIDATION_FAILED', 'SLOT_NOT_DEFINED'],
    409: ['MACHINE_EXISTS', 'IDEMPOTENCY_IN_PROGRESS'],
    ...KEY_REFUSALS,
  })
  async register(@CurrentCaller() caller: Caller, @Body() body: RegisterMachineDto): Promise<Answer<MachineDto>> {
    const machine = await this.machines.register(caller, toMachineDraft(body), (made) =>
      this.idempotency.keepInTransaction({
        status: 201,
        headers: { location: addressOf(made) },
        body: toMachineDto(made),
      }),
    );
    return created(toMachineDto(machine), addressOf(machine));
  }

  @Get()
  @AllowInSessions('read')
  @ApiOperation({
    summary: 'List machines, newest first; their number in X-Total-Count, the next page in X-Next-Cursor',
  })
  @ApiOkResponse({ type: [MachineDto] })
  async list(@CurrentCaller() caller: Caller, @Query() query: MachinesQuery): Promise<Answer<readonly MachineDto[]>> {
    const filter = {
      ...(query.status ? { status: query.status } : {}),
      ...(query.hostname === undefined ? {} : { hostname: query.hostname }),
    };
    const { machines, total, next } = await this.machines.list(caller, filter, sliceOf(query));
    return listed(machines.map(toMachineDto), total, next && toRowCursor(next));
  }

  @Get('available')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Machines that are online (the 1000 newest), with their free slots, most free first' })
  @ApiOkResponse({ type: [AvailableMachineDto] })
  async available(@CurrentCaller() caller: Caller): Promise<readonly AvailableMachineDto[]> {
    return (await this.machines.available(caller)).map(toAvailableMachineDto);
  }

  @Get('stats')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Machines by status, slots and who holds them' })
  @ApiOkResponse({ type: MachineStatsDto })
  async stats(@CurrentCaller() caller: Caller): Promise<MachineStatsDto> {
    return toMachineStatsDto(await this.machines.stats(caller));
  }

  @Get(':machineId')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'One machine' })
  @ApiOkResponse({ type: MachineDto })
  @ApiRefusals(MISSING)
  async get(@CurrentCaller() caller: Caller, @Param('machineId') machineId: string): Promise<MachineDto> {
    return toMachineDto(await this.machines.get(caller, machineId));
  }

  @Patch(':machineId')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Change status, slots or facts of a machine; its heartbeat stays' })
  @ApiOkResponse({ type: MachineDto })
  @ApiRefusals(CHANGE_REFUSALS)
  async update(
    @CurrentCaller() caller: Caller,
    @Param('machineId') machineId: string,
    @Body() body: UpdateMachineDto,
  ): Promise<MachineDto> {
    return toMachineDto(await this.machines.update(caller, machineId, toMachineChange(body)));
  }

  @Put(':machineId')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'The same as PATCH' })
  @ApiOkResponse({ type: MachineDto })
  @ApiRefusals(CHANGE_REFUSALS)
  replace(
    @CurrentCaller() caller: Caller,
    @Param('machineId') machineId: string,
    @Body() body: UpdateMachineDto,
  ): Promise<MachineDto> {
    return this.update(caller, machineId, body);
  }

  @Post(':machineId/heartbeat')
  @HttpCode(200)
  @AllowInSessions('write')
  @RateLimitClass('HEARTBEAT')
  @ApiOperation({ summary: 'Record a sign of life; a machine that was offline is online again, maintenance stays' })
  @ApiOkResponse({ type: MachineBeatDto })
  @ApiRefusals(MISSING)
  async heartbeat(
    @CurrentCaller() caller: Caller,
    @Param('machineId') machineId: string,
    @Body() body: MachineHeartbeatDto,
  ): Promise<MachineBeatDto> {
    const { machine, cameOnline } = await this.machines.heartbeat(caller, machineId, body.metadata ?? {});
    return { ...toMachineDto(machine), message: cameOnline ? 'machine online' : 'heartbeat recorded' };
  }

  @Delete(':machineId')
  @HttpCode(204)
  @AllowInSessions('admin')
  @ApiOperation({ summary: 'Remove a machine without live sessions' })
  @ApiRefusals({ ...MISSING, 409: ['RESOURCE_CONFLICT'] })
  remove(@CurrentCaller() caller: Caller, @Param('machineId') machineId: string): Promise<void> {
    return this.machines.remove(caller, machineId);
  }
}

const addressOf = (machine: Machine): string => `/api/machines/${encodeURIComponent(machine.id)}`;
