import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsDefined, IsIn, IsInt, IsOptional, Matches, Min } from 'class-validator';
import { WebhookUrlField } from '../webhooks/webhook-url.field.js';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';

export class RollbackBody {
  @WebhookUrlField()
  readonly webhookUrl?: string;

  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({
    minimum: 1,
    example: 1,
    description: 'Environment version to go back to. Default: the highest earlier one of kind complete or rollback',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  readonly toVersion?: number;

  @ApiPropertyOptional({ example: 'network', description: 'Only this stack' })
  @IsOptional()
  @Matches(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, { message: 'stack must be a stack name, e.g. network' })
  readonly stack?: string;

  @ApiPropertyOptional({
    default: false,
    description: 'Also when a deployed stack reads outputs that the target lacks',
  })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Plan only: nothing changes' })
  @IsOptional()
  @IsBoolean()
  readonly preview?: boolean;

  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { type: 'string' }],
    description: 'prod: true; the deployment id where protected stacks are destroyed',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => value)
  readonly confirm?: boolean | string;

  @ApiPropertyOptional({ default: false, description: 'Wait behind the running operation instead of 409' })
  @IsOptional()
  @IsBoolean()
  readonly waitForLock?: boolean;
}
