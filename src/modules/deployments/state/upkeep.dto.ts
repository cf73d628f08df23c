import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsOptional,
  IsString,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';

class StacksBody {
  @ApiPropertyOptional({ type: [String], example: ['network'], description: 'Names or globs with *; default all' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  readonly stacks?: string[];
}

export class RefreshBody extends StacksBody {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({ default: false, description: 'Only tells what the refresh would change' })
  @IsOptional()
  @IsBoolean()
  readonly preview?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Wait behind the running operation instead of 409' })
  @IsOptional()
  @IsBoolean()
  readonly waitForLock?: boolean;
}

export class DriftDetectBody extends StacksBody {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, example: 'dev', description: 'Here or in the query' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;
}

export class DriftDetectQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, example: 'dev', description: 'Here or in the body' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment?: EnvironmentName;
}

export class DriftScheduleBody {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: '0 2 * * *',
    description: 'Five fields, in CRON_TZ. null: never here. Absent: as DRIFT_DETECTION_CRON says',
  })
  @ValidateIf((_, value: unknown) => value !== undefined && value !== null)
  @IsString()
  @MaxLength(100)
  readonly cron?: string | null;
}

export class DriftFixBody extends RefreshBody {
  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { type: 'string' }],
    description: 'true, or the deployment id in prod; a preview needs none',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => value)
  readonly confirm?: boolean | string;

  @ApiPropertyOptional({ default: false, description: 'dev and stage only, instead of confirm' })
  @IsOptional()
  @IsBoolean()
  readonly skipConfirmation?: boolean;
}
