import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { PageQuery, ToBoolean } from '../../../shared/http/paging.js';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import type { BackupFacts } from './state-backup.js';

const STACK_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const BACKUP_ID = /^bk-[a-z0-9]{12}$/;

export class EnvironmentQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, default: 'dev' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment: EnvironmentName = 'dev';
}

export class StateQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, description: 'Default: all' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;
}

export class ExportQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, example: 'dev', description: 'Required unless allEnvironments' })
  @ValidateIf(({ environment, allEnvironments }: ExportQuery) => environment !== undefined || allEnvironments !== true)
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;

  @ApiPropertyOptional({ default: false, description: 'In the place of environment and stack: all, as environments' })
  @IsOptional()
  @ToBoolean()
  @IsBoolean()
  readonly allEnvironments?: boolean;

  @ApiPropertyOptional({ example: 'network', description: 'Default: all, as states by stack' })
  @IsOptional()
  @Matches(STACK_NAME, { message: 'stack must be a stack name, e.g. network' })
  readonly stack?: string;

  @ApiPropertyOptional({ enum: ['json', 'yaml'], default: 'json' })
  @IsOptional()
  @IsIn(['json', 'yaml'])
  readonly format: 'json' | 'yaml' = 'json';
}

export class BackupBody {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({ example: 'network', description: 'Default: all' })
  @IsOptional()
  @Matches(STACK_NAME, { message: 'stack must be a stack name, e.g. network' })
  readonly stack?: string;

  @ApiPropertyOptional({ enum: ['json', 'yaml'], default: 'json', description: 'Of the download address' })
  @IsOptional()
  @IsIn(['json', 'yaml'])
  readonly format?: 'json' | 'yaml';

  @ApiPropertyOptional({ maxLength: 100, example: 'before the migration' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  readonly label?: string;
}

export class BackupParams extends DeploymentParams {
  @ApiProperty({ example: 'bk-4f0c8m2x1q9z' })
  @Matches(BACKUP_ID, { message: 'backupId must look like bk-4f0c8m2x1q9z' })
  readonly backupId!: string;
}

export class BackupFormatQuery {
  @ApiPropertyOptional({ enum: ['json', 'yaml'], default: 'json' })
  @IsOptional()
  @IsIn(['json', 'yaml'])
  readonly format: 'json' | 'yaml' = 'json';
}

export class BackupsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, default: 'dev' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment: EnvironmentName = 'dev';

  @ApiPropertyOptional({ example: 'network' })
  @IsOptional()
  @Matches(STACK_NAME, { message: 'stack must be a stack name, e.g. network' })
  readonly stack?: string;
}

export class ResourcesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, default: 'dev' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment: EnvironmentName = 'dev';

  @ApiPropertyOptional({ example: 'network' })
  @IsOptional()
  @Matches(STACK_NAME, { message: 'stack must be a stack name, e.g. network' })
  readonly stack?: string;

  @ApiPropertyOptional({ example: 'aws:ec2/vpc:Vpc' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly type?: string;
}

class StateChangeBody {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiProperty({ example: 'network' })
  @IsDefined()
  @Matches(STACK_NAME, { message: 'stack must be a stack name, e.g. network' })
  readonly stack!: string;

  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { type: 'string' }],
    description: 'true, or the deployment id in prod',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => value)
  readonly confirm?: boolean | string;
}

export class StateImportBody extends StateChangeBody {
  @ApiPropertyOptional({
    type: Object,
    description: 'The "state" of an export, or of `pulumi stack export`; or give backupId',
  })
  @IsOptional()
  @IsObject()
  readonly state?: Record<string, unknown>;

  @ApiPropertyOptional({ example: 'bk-4f0c8m2x1q9z', description: 'In the place of state: one of our backups' })
  @IsOptional()
  @Matches(BACKUP_ID, { message: 'backupId must look like bk-4f0c8m2x1q9z' })
  readonly backupId?: string;

  @ApiPropertyOptional({ default: false, description: 'Also an older state, or one of another stack' })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;
}

export class ImportedResource {
  @ApiProperty({ example: 'aws:ec2/vpc:Vpc' })
  @IsString()
  @Matches(/^[a-z][\w-]*:[\w/.-]+:[\w-]+$/, { message: 'type must be a type token, e.g. aws:ec2/vpc:Vpc' })
  readonly type!: string;

  @ApiProperty({ example: 'main', description: 'As the program names it' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  readonly name!: string;

  @ApiProperty({ example: 'vpc-0a1b2c3d4e5f60718' })
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  readonly id!: string;

  @ApiPropertyOptional({ description: 'URN of a component that the stack has' })
  @IsOptional()
  @Matches(/^urn:pulumi:/, { message: 'parent must be a URN' })
  readonly parent?: string;
}

export class ResourceImportBody extends StateChangeBody {
  @ApiProperty({ type: [ImportedResource] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => ImportedResource)
  readonly resources!: ImportedResource[];

  @ApiPropertyOptional({ default: false, description: 'Only looks whether they can be taken over' })
  @IsOptional()
  @IsBoolean()
  readonly preview?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Wait behind the running operation instead of 409' })
  @IsOptional()
  @IsBoolean()
  readonly waitForLock?: boolean;
}

export class SyncBody {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({ default: false, description: 'Make the status what the backend says where they contradict' })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;
}

export function toBackupDto(backup: BackupFacts, format?: 'json' | 'yaml'): Record<string, unknown> {
  const { backupId, deploymentId, environment, stack, reason, label, operationId } = backup;
  const { createdAt, createdBy, sizeBytes, checksum } = backup;
  const query = format && format !== 'json' ? `?format=${format}` : '';
  return {
    ...{ backupId, deploymentId, environment, stack, reason, label, operationId },
    ...{ createdAt, createdBy, sizeBytes, checksum },
    downloadUrl: `/api/v1/deployments/${deploymentId}/state/backups/${backupId}${query}`,
  };
}
