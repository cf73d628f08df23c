import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { LOG_LEVELS, type LogLevel } from '../../../shared/events/event-line.js';
import { PageQuery, ToInt, ToList } from '../../../shared/http/paging.js';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { LOG_TYPES, type LogRecord, type LogType } from './log-record.js';
import type { LogFile } from './log-files.js';

const STACK_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const A_TIME = { type: String, maxLength: 40 } as const;

/** Which part of a deployment's log. */
class LogScopeQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, isArray: true, description: 'Comma list; default: all, and the init log' })
  @IsOptional()
  @ToList()
  @IsIn(ENVIRONMENTS, { each: true, message: 'environment must be dev, stage or prod, or a comma list of them' })
  readonly environment?: readonly EnvironmentName[];

  @ApiPropertyOptional({ type: String, example: 'network', description: 'Comma list of stacks' })
  @IsOptional()
  @ToList()
  @ArrayMaxSize(50)
  @Matches(STACK_NAME, { each: true, message: 'stack must be a stack name, e.g. network, or a comma list of them' })
  readonly stack?: readonly string[];
}

/** Query of `GET /deployments/:id/logs` (api.md 3.9). */
export class LogsQuery extends LogScopeQuery {
  @ApiPropertyOptional({ maxLength: 100, description: 'Lines of one operation' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly operationId?: string;

  @ApiPropertyOptional({ enum: LOG_TYPES, isArray: true, description: 'Comma list; a promotion is a deploy' })
  @IsOptional()
  @ToList()
  @IsIn(LOG_TYPES, { each: true, message: `type must be one of ${LOG_TYPES.join(', ')}, or a comma list of them` })
  readonly type?: readonly LogType[];

  @ApiPropertyOptional({ enum: LOG_LEVELS, default: 'info', description: 'This level and above' })
  @IsOptional()
  @IsIn(LOG_LEVELS, { message: `level must be one of ${LOG_LEVELS.join(', ')}` })
  readonly level: LogLevel = 'info';

  @ApiPropertyOptional({ ...A_TIME, example: '24h', description: 'Duration (30m, 1h, 24h, 7d) or ISO 8601; inclusive' })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  readonly since?: string;

  @ApiPropertyOptional({ ...A_TIME, description: 'Duration before now or ISO 8601; inclusive' })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  readonly until?: string;

  @ApiPropertyOptional({ maxLength: 200, description: 'Part of the message, literally, in any case' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly search?: string;

  @ApiPropertyOptional({ description: 'nextCursor of the page before, or the cursor of a line' })
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{1,500}$/, { message: 'cursor must be the nextCursor of an earlier answer' })
  readonly cursor?: string;

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'asc', description: 'asc: newest last; desc: newest first' })
  @IsOptional()
  @IsIn(['asc', 'desc'], { message: 'order must be asc or desc' })
  readonly order: 'asc' | 'desc' = 'asc';

  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @ToInt()
  @IsInt()
  @Min(1)
  @Max(1000)
  readonly limit: number = 100;
}

const FILE_TYPES = [...LOG_TYPES, 'stack', 'error'] as const;

/** Query of `GET /deployments/:id/logs/files`. */
export class LogFilesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;

  @ApiPropertyOptional({ example: 'network', description: 'Files of one stack' })
  @IsOptional()
  @Matches(STACK_NAME, { message: 'stack must be a stack name, e.g. network' })
  readonly stack?: string;

  @ApiPropertyOptional({ enum: FILE_TYPES })
  @IsOptional()
  @IsIn(FILE_TYPES, { message: `type must be one of ${FILE_TYPES.join(', ')}` })
  readonly type?: (typeof FILE_TYPES)[number];
}

export class LogFileParams extends DeploymentParams {
  @ApiProperty({ example: 'deploy-dev-20300101-120000.log', maxLength: 120 })
  @MaxLength(120)
  readonly name!: string;
}

export class LogLineDto {
  @ApiProperty({ type: String, format: 'date-time' }) readonly timestamp!: Date;
  @ApiProperty({ enum: LOG_LEVELS }) readonly level!: LogLevel;
  @ApiProperty({ enum: ENVIRONMENTS, nullable: true, description: 'null = of the initialisation' })
  readonly environment!: EnvironmentName | null;
  @ApiProperty({ type: String, nullable: true, example: 'network' }) readonly stack!: string | null;
  @ApiProperty({ example: 'network', description: 'init, plan, validate, resolve, deploy, destroy, … or the stack' })
  readonly component!: string;
  @ApiProperty({ example: 'deploy-stack', description: 'Type of the operation; init' }) readonly operation!: string;
  @ApiProperty({ type: String, nullable: true }) readonly operationId!: string | null;
  @ApiProperty({ example: 'created aws:ec2/vpc:Vpc (main) vpc-0a1b2c3d in 1.2 s' }) readonly message!: string;
  @ApiProperty({ type: Object, description: 'What the message was made from' })
  readonly metadata!: Readonly<Record<string, unknown>>;
  @ApiProperty({ description: 'Subscribe with it as `since` to follow from here, without gap or repetition' })
  readonly cursor!: string;
}

export class LogListDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ type: String, nullable: true, description: 'As asked for' }) readonly environment!: string | null;
  @ApiProperty({ type: [LogLineDto] }) readonly logs!: readonly LogLineDto[];
  @ApiProperty({ example: 250, description: 'Lines that match, on all pages' }) readonly total!: number;
  @ApiProperty({ example: 100 }) readonly returned!: number;
  @ApiProperty({ type: String, nullable: true, description: 'Give it to cursor; null at the end' })
  readonly nextCursor!: string | null;
}

export class LogFileDto {
  @ApiProperty({ example: 'network-dev-20300101-120000.log' }) readonly name!: string;
  @ApiProperty({ enum: FILE_TYPES }) readonly type!: string;
  @ApiProperty({ enum: ENVIRONMENTS, nullable: true }) readonly environment!: EnvironmentName | null;
  @ApiProperty({ type: String, nullable: true }) readonly stack!: string | null;
  @ApiProperty({ type: [String], description: 'Operations that wrote into it' })
  readonly operationIds!: readonly string[];
  @ApiProperty({ example: './cloud/deploy/DT85S00-demo-web-shop/logs/init.log', description: 'Logical path' })
  readonly path!: string;
  @ApiProperty({ example: 4096 }) readonly sizeBytes!: number;
  @ApiProperty({ type: String, format: 'date-time', description: 'Of its first line' }) readonly createdAt!: Date;
}

export class LogFileListDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ type: [LogFileDto] }) readonly files!: readonly LogFileDto[];
  @ApiProperty({ type: Object }) readonly pagination!: unknown;
}

export function toLogLineDto(line: LogRecord, cursor: string): LogLineDto {
  const { timestamp, level, environment, stack, component, operation, operationId, message, metadata } = line;
  return { timestamp, level, environment, stack, component, operation, operationId, message, metadata, cursor };
}

export function toLogFileDto(file: LogFile & { readonly sizeBytes: number }, directory: string): LogFileDto {
  const { name, type, environment, stack, operationIds, sizeBytes, createdAt } = file;
  return { name, type, environment, stack, operationIds, path: `${directory}/logs/${name}`, sizeBytes, createdAt };
}
