import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowInSessions, type Caller, CurrentCaller } from '../../shared/http/allow.js';
import { type Answer, created, listed } from '../../shared/http/answer.js';
import { ApiRefusals } from '../../shared/http/api-answers.js';
import { IdempotencyService } from '../../shared/http/idempotency.service.js';
import { pastInstant } from '../../shared/http/instants.js';
import { sliceOf, toRowCursor } from '../../shared/http/paging.js';
import {
  CreateTaskDto,
  CreateTasksDto,
  FailTaskDto,
  TaskDto,
  TaskResultsDto,
  TasksQuery,
  TaskStatsDto,
  TaskStatsQuery,
  toTaskChange,
  toTaskDraft,
  toTaskDto,
  toTaskResultDto,
  toTaskStatsDto,
  UpdateTaskDto,
  UpdateTasksDto,
} from './task.dto.js';
import type { Task } from './task.js';
import { TasksService } from './tasks.service.js';

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description: 'A repetition gets the first answer',
};
const KEY_REFUSALS = { 422: ['IDEMPOTENCY_KEY_REUSED'] };
const MISSING = { 404: ['RESOURCE_NOT_FOUND'] };
const CREATE_REFUSALS = {
  400: ['VALIDATION_FAILED', 'SESSION_REFERENCE_INVALID', 'PROJECT_MISMATCH', 'RESERVED_METADATA_KEY'],
  409: ['IDEMPOTENCY_IN_PROGRESS'],
  ...KEY_REFUSALS,
};
const CHANGE_REFUSALS = { 400: ['VALIDATION_FAILED', 'INVALID_STATE'], ...MISSING };

@ApiTags('Tasks')
@Controller('api/tasks')
export class TasksController {
  constructor(
    private readonly tasks: TasksService,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Post()
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Add a task to a session' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiCreatedResponse({ type: TaskDto })
  @ApiRefusals(CREATE_REFUSALS)
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateTaskDto): Promise<Answer<TaskDto>> {
    const task = await this.tasks.create(caller, toTaskDraft(body), (made) =>
      this.idempotency.keepInTransaction({
        status: 201,
        headers: { location: addressOf(made) },
        body: toTaskDto(made),
      }),
    );
    return created(toTaskDto(task), addressOf(task));
  }

  @Post('bulk')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Add up to 100 tasks, all or none' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiCreatedResponse({ type: [TaskDto] })
  @ApiRefusals(CREATE_REFUSALS)
  async createAll(@CurrentCaller() caller: Caller, @Body() body: CreateTasksDto): Promise<Answer<readonly TaskDto[]>> {
    const location = '/api/tasks';
    const tasks = await this.tasks.createAll(caller, body.tasks.map(toTaskDraft), (made) =>
      this.idempotency.keepInTransaction({ status: 201, headers: { location }, body: made.map(toTaskDto) }),
    );
    return created(tasks.map(toTaskDto), location);
  }

  @Patch('bulk')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Change up to 100 tasks, each by itself; the answer says what became of each' })
  @ApiOkResponse({ type: TaskResultsDto })
  @ApiRefusals({ 400: ['VALIDATION_FAILED'] })
  async updateAll(@CurrentCaller() caller: Caller, @Body() body: UpdateTasksDto): Promise<TaskResultsDto> {
    const updates = body.updates.map((dto) => ({ taskId: dto.task_id, change: toTaskChange(dto) }));
    return { results: (await this.tasks.updateEach(caller, updates)).map(toTaskResultDto) };
  }

  @Put('bulk')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'The same as PATCH' })
  @ApiOkResponse({ type: TaskResultsDto })
  @ApiRefusals({ 400: ['VALIDATION_FAILED'] })
  replaceAll(@CurrentCaller() caller: Caller, @Body() body: UpdateTasksDto): Promise<TaskResultsDto> {
    return this.updateAll(caller, body);
  }

  @Get()
  @AllowInSessions('read')
  @ApiOperation({ summary: 'List tasks, newest first; their number in X-Total-Count, the next page in X-Next-Cursor' })
  @ApiOkResponse({ type: [TaskDto] })
  async list(@CurrentCaller() caller: Caller, @Query() query: TasksQuery): Promise<Answer<readonly TaskDto[]>> {
    const filter = {
      ...(query.session_id === undefined ? {} : { sessionId: query.session_id }),
      ...(query.project_id === undefined ? {} : { projectId: query.project_id }),
      ...(query.status ? { status: query.status } : {}),
      ...(query.updated_since ? { updatedSince: pastInstant('updated_since', query.updated_since) } : {}),
    };
    const { tasks, total, next } = await this.tasks.list(caller, filter, sliceOf(query));
    return listed(tasks.map(toTaskDto), total, next && toRowCursor(next));
  }

  @Get('stats')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'Tasks by status: all, of a session or of a project' })
  @ApiOkResponse({ type: TaskStatsDto })
  async stats(@CurrentCaller() caller: Caller, @Query() query: TaskStatsQuery): Promise<TaskStatsDto> {
    const filter = {
      ...(query.session_id === undefined ? {} : { sessionId: query.session_id }),
      ...(query.project_id === undefined ? {} : { projectId: query.project_id }),
    };
    return toTaskStatsDto(await this.tasks.statsOf(caller.organization, filter));
  }

  @Get(':taskId')
  @AllowInSessions('read')
  @ApiOperation({ summary: 'One task' })
  @ApiOkResponse({ type: TaskDto })
  @ApiRefusals(MISSING)
  async get(@CurrentCaller() caller: Caller, @Param('taskId') taskId: string): Promise<TaskDto> {
    return toTaskDto(await this.tasks.get(caller, taskId));
  }

  @Patch(':taskId')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Change fields of a task or move it; the same status again changes nothing' })
  @ApiOkResponse({ type: TaskDto })
  @ApiRefusals(CHANGE_REFUSALS)
  async update(
    @CurrentCaller() caller: Caller,
    @Param('taskId') taskId: string,
    @Body() body: UpdateTaskDto,
  ): Promise<TaskDto> {
    return toTaskDto(await this.tasks.update(caller, taskId, toTaskChange(body)));
  }

  @Put(':taskId')
  @AllowInSessions('write')
  @ApiOperation({ summary: 'The same as PATCH' })
  @ApiOkResponse({ type: TaskDto })
  @ApiRefusals(CHANGE_REFUSALS)
  replace(
    @CurrentCaller() caller: Caller,
    @Param('taskId') taskId: string,
    @Body() body: UpdateTaskDto,
  ): Promise<TaskDto> {
    return this.update(caller, taskId, body);
  }

  @Delete(':taskId')
  @HttpCode(204)
  @AllowInSessions('write')
  @ApiOperation({ summary: 'Remove a task for good' })
  @ApiRefusals(MISSING)
  remove(@CurrentCaller() caller: Caller, @Param('taskId') taskId: string): Promise<void> {
    return this.tasks.remove(caller, taskId);
  }

  @Post(':taskId/start')
  @HttpCode(200)
  @AllowInSessions('write')
  @ApiOperation({ summary: 'PATCH with status in_progress' })
  @ApiOkResponse({ type: TaskDto })
  @ApiRefusals(CHANGE_REFUSALS)
  async start(@CurrentCaller() caller: Caller, @Param('taskId') taskId: string): Promise<TaskDto> {
    return toTaskDto(await this.tasks.update(caller, taskId, { status: 'in_progress' }));
  }

  @Post(':taskId/complete')
  @HttpCode(200)
  @AllowInSessions('write')
  @ApiOperation({ summary: 'PATCH with status completed' })
  @ApiOkResponse({ type: TaskDto })
  @ApiRefusals(CHANGE_REFUSALS)
  async complete(@CurrentCaller() caller: Caller, @Param('taskId') taskId: string): Promise<TaskDto> {
    return toTaskDto(await this.tasks.update(caller, taskId, { status: 'completed' }));
  }

  @Post(':taskId/fail')
  @HttpCode(200)
  @AllowInSessions('write')
  @ApiOperation({ summary: 'PATCH with status failed' })
  @ApiOkResponse({ type: TaskDto })
  @ApiRefusals(CHANGE_REFUSALS)
  async fail(
    @CurrentCaller() caller: Caller,
    @Param('taskId') taskId: string,
    @Body() body: FailTaskDto,
  ): Promise<TaskDto> {
    const change = { status: 'failed', errorMessage: body.error_message } as const;
    return toTaskDto(await this.tasks.update(caller, taskId, change));
  }
}

const addressOf = (task: Task): string => `/api/tasks/${task.id}`;
