import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AllowInSessions, type Caller, CurrentCaller } from '../../shared/http/allow.js';
import { ApiRefusals } from '../../shared/http/api-answers.js';
import {
  AssignSessionDto,
  MachineOfSessionDto,
  ReleaseSessionDto,
  toMachineOfSessionDto,
} from './session-slots.dto.js';
import { SessionSlotsService } from './session-slots.service.js';

@ApiTags('Machines')
@Controller('api/machines/:machineId')
export class SessionSlotsController {
  constructor(private readonly slots: SessionSlotsService) {}

  @Post('assign-session')
  @AllowInSessions('operate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Move a live session here, onto a slot' })
  @ApiResponse({ status: 200, type: MachineOfSessionDto })
  @ApiRefusals({
    400: ['SESSION_REFERENCE_INVALID', 'SLOT_NOT_DEFINED', 'INVALID_STATE'],
    404: ['RESOURCE_NOT_FOUND'],
    409: ['SLOT_TAKEN', 'NO_FREE_SLOT', 'MACHINE_UNAVAILABLE', 'ACTIVE_SESSION_EXISTS'],
  })
  async assign(
    @CurrentCaller() caller: Caller,
    @Param('machineId') machineId: string,
    @Body() dto: AssignSessionDto,
  ): Promise<MachineOfSessionDto> {
    return toMachineOfSessionDto(await this.slots.assign(caller, machineId, dto.session_id, dto.docker_slot ?? null));
  }

  @Post('release-session')
  @AllowInSessions('operate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Free the slot of a session; it stays on the machine' })
  @ApiResponse({ status: 200, type: MachineOfSessionDto })
  @ApiRefusals({ 400: ['SESSION_REFERENCE_INVALID', 'INVALID_STATE'], 404: ['RESOURCE_NOT_FOUND'] })
  async release(
    @CurrentCaller() caller: Caller,
    @Param('machineId') machineId: string,
    @Body() dto: ReleaseSessionDto,
  ): Promise<MachineOfSessionDto> {
    return toMachineOfSessionDto(await this.slots.release(caller, machineId, dto.session_id));
  }
}
