import { Readable } from 'node:stream';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Allow, CurrentPrincipal, RateLimitClass } from '../../../shared/http/allow.js';
import { RawAnswer } from '../../../shared/http/answer.js';
import { ApiData, ApiRefusals } from '../../../shared/http/api-answers.js';
import { paginate } from '../../../shared/http/paging.js';
import type { Principal } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import {
  LogFileListDto,
  LogFileParams,
  LogFilesQuery,
  LogListDto,
  LogsQuery,
  toLogFileDto,
  toLogLineDto,
} from './logs.dto.js';
import { LogsService } from './logs.service.js';

@ApiTags('Logs')
@Controller('api/v1/deployments')
export class LogsController {
  constructor(private readonly logs: LogsService) {}

  @Get(':id/logs')
  @Allow('logs:read')
  @ApiOperation({
    summary: 'Lines of the log of a deployment, newest last',
    description:
      'Every step of its initialisation and its operations as a sentence; secrets are ***. To follow it live, subscribe to a ' +
      'channel of the deployment with `events: ["log"]` and the `cursor` of the last line as `since`.',
  })
  @ApiData(LogListDto)
  @ApiRefusals({
    400: ['VALIDATION_INVALID_FORMAT', 'VALIDATION_UNKNOWN_FIELD', 'VALIDATION_FAILED', 'INVALID_DEPLOYMENT_ID'],
    403: ['AUTHZ_FORBIDDEN'],
    404: ['RESOURCE_NOT_FOUND'],
  })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: LogsQuery,
  ): Promise<LogListDto> {
    const { lines, total, nextCursor } = await this.logs.list(principal, id, query);
    return {
      deploymentId: id,
      environment: query.environment?.join(',') ?? null,
      logs: lines.map(({ line, cursor }) => toLogLineDto(line, cursor)),
      total,
      returned: lines.length,
      nextCursor,
    };
  }

  @Get(':id/logs/files')
  @Allow('logs:read')
  @ApiOperation({
    summary: 'The log as files, newest first: initialisation, operations, stacks, errors',
    description: 'The same lines; also there when DEPLOY_MIRROR is off, `path` is then only a name.',
  })
  @ApiData(LogFileListDto)
  @ApiRefusals({
    400: ['VALIDATION_INVALID_FORMAT', 'VALIDATION_UNKNOWN_FIELD', 'VALIDATION_FAILED', 'INVALID_DEPLOYMENT_ID'],
    403: ['AUTHZ_FORBIDDEN'],
    404: ['RESOURCE_NOT_FOUND'],
  })
  async files(
    @CurrentPrincipal() principal: Principal,
    @Param() { id }: DeploymentParams,
    @Query() query: LogFilesQuery,
  ): Promise<LogFileListDto> {
    const { files, total, directory } = await this.logs.listFiles(principal, id, query);
    return {
      deploymentId: id,
      files: files.map((file) => toLogFileDto(file, directory)),
      pagination: paginate(query.page, query.limit, total),
    };
  }

  @Get(':id/logs/files/:name')
  @RateLimitClass('EXPORT')
  @Allow('logs:read')
  @ApiOperation({
    summary: 'One log file as text, a line `[YYYY-MM-DD HH:mm:ss] [LEVEL] [component] message`, UTC',
    description:
      'Audited. Names: init.log, <type>-<env>-<stamp>.log, <stack>-<env>-<stamp>.log, error-<type>-<stamp>.log.',
  })
  @ApiProduces('text/plain')
  @ApiRefusals({
    400: ['VALIDATION_INVALID_FORMAT', 'INVALID_DEPLOYMENT_ID'],
    403: ['AUTHZ_FORBIDDEN'],
    404: ['RESOURCE_NOT_FOUND'],
    429: ['RATE_LIMIT_EXCEEDED'],
  })
  async file(@CurrentPrincipal() principal: Principal, @Param() { id, name }: LogFileParams): Promise<RawAnswer> {
    const text = await this.logs.openFile(principal, id, name);
    return new RawAnswer(Readable.from(text), 'text/plain; charset=utf-8', {
      'Content-Disposition': `attachment; filename="${name}"`,
    });
  }
}
