import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { invalidField } from '../../shared/errors/field-problems.js';
import { AllowInSessions, type Caller, CurrentCaller } from '../../shared/http/allow.js';
import {
  DesiredBody,
  RunningBody,
  toTotalsDto,
  toViewDto,
  toWorkspaceDto,
  WorkspaceDto,
  WorkspaceTotalsDto,
  WorkspaceViewDto,
} from './workspace.dto.js';
import { totalsOf } from './workspace.js';
import { WorkspacesService } from './workspaces.service.js';

const MAX_ID_LENGTH = 200;

@ApiTags('Workspaces')
@Controller('api/orchestration')
export class WorkspacesController {
  constructor(private readonly workspaces: WorkspacesService) {}

  @Get('global')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Desired and running workers of all workspaces together' })
  @ApiOkResponse({ type: WorkspaceTotalsDto })
  async totals(@CurrentCaller() caller: Caller): Promise<WorkspaceTotalsDto> {
    return toTotalsDto(totalsOf(await this.workspaces.list(caller.organization)));
  }

  @Get('workspaces')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'All workspaces, by id' })
  @ApiOkResponse({ type: [WorkspaceDto] })
  async list(@CurrentCaller() caller: Caller): Promise<readonly WorkspaceDto[]> {
    return (await this.workspaces.list(caller.organization)).map(toWorkspaceDto);
  }

  @Get('workspace/:workspaceId')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'One workspace; an unknown one has zeros' })
  @ApiOkResponse({ type: WorkspaceViewDto })
  async get(@CurrentCaller() caller: Caller, @Param('workspaceId') id: string): Promise<WorkspaceViewDto> {
    return toViewDto(await this.workspaces.view(caller.organization, knownId(id)));
  }

  @Put('workspace/:workspaceId/desired')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'How many workers the workspace shall have' })
  @ApiOkResponse({ type: WorkspaceViewDto })
  async setDesired(
    @CurrentCaller() caller: Caller,
    @Param('workspaceId') id: string,
    @Body() { desired }: DesiredBody,
  ): Promise<WorkspaceViewDto> {
    return toViewDto(await this.workspaces.report(caller.organization, knownId(id), { desired }));
  }

  @Put('workspace/:workspaceId/running')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'How many workers it has; counts while no live session names the workspace' })
  @ApiOkResponse({ type: WorkspaceViewDto })
  async setRunning(
    @CurrentCaller() caller: Caller,
    @Param('workspaceId') id: string,
    @Body() { running }: RunningBody,
  ): Promise<WorkspaceViewDto> {
    return toViewDto(await this.workspaces.report(caller.organization, knownId(id), { running }));
  }
}

/** @throws AppError 400 */
function knownId(id: string): string {
  if (id.length <= MAX_ID_LENGTH) return id;
  throw invalidField('workspaceId', 'range', `workspaceId has more than ${MAX_ID_LENGTH} characters`);
}
