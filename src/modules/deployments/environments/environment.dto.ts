import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsOptional,
  Matches,
  ValidateBy,
} from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { DeploymentParams } from '../deployment.dto.js';
import { isKnownRegion } from '../manifest/regions.js';
import { ACCOUNT_ID } from '../manifest/names.js';

export class EnvironmentParams extends DeploymentParams {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'stage' })
  @IsIn(ENVIRONMENTS, { message: 'env must be dev, stage or prod' })
  readonly env!: EnvironmentName;
}

class ConfirmableBody {
  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { type: 'string' }],
    description: 'true or the deployment id, where a confirmation is asked for',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => value)
  readonly confirm?: boolean | string;
}

export class EnableBody extends ConfirmableBody {
  @ApiPropertyOptional({ default: false, description: 'Start a deployment afterwards; prod needs confirm' })
  @IsOptional()
  @IsBoolean()
  readonly autoDeploy?: boolean;

  @ApiPropertyOptional({ example: '222222222222', description: 'Needed where the manifest has no such environment' })
  @IsOptional()
  @Matches(ACCOUNT_ID, { message: 'account must be 12 digits' })
  readonly account?: string;

  @ApiPropertyOptional({ example: 'us-east-1', description: 'Default: that of dev; prod: the secondary region' })
  @IsOptional()
  @ValidateBy({
    name: 'isRegion',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && isKnownRegion(value),
      defaultMessage: () => 'region must be a known AWS region',
    },
  })
  readonly region?: string;

  @ApiPropertyOptional({
    type: [String],
    example: ['dns', 'network'],
    description: 'Exactly these stacks take part in the environment. Default: as the manifest has it',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(500)
  @Matches(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, { each: true, message: 'stacks must hold stack names, e.g. network' })
  readonly stacks?: string[];

  @ApiPropertyOptional({
    default: false,
    description: 'Administrators: also when PROMOTION_ENFORCE=block and the step before is not proven',
  })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;
}

export class DisableBody extends ConfirmableBody {
  @ApiPropertyOptional({ default: false, description: 'Destroy everything first; disabled when that has succeeded' })
  @IsOptional()
  @IsBoolean()
  readonly destroyResources?: boolean;

  @ApiPropertyOptional({ default: false, description: 'stage only, instead of confirm' })
  @IsOptional()
  @IsBoolean()
  readonly skipConfirmation?: boolean;
}

export class PromoteBody extends ConfirmableBody {
  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev', description: 'The step before: dev for stage, stage for prod' })
  @IsDefined({ message: 'from is required' })
  @IsIn(ENVIRONMENTS, { message: 'from must be dev, stage or prod' })
  readonly from!: EnvironmentName;

  @ApiPropertyOptional({ default: false, description: 'Plan and diff only: nothing changes' })
  @IsOptional()
  @IsBoolean()
  readonly preview?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Wait behind the running operation instead of 409' })
  @IsOptional()
  @IsBoolean()
  readonly waitForLock?: boolean;
}
