import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsDefined, IsIn, IsInt, IsObject, IsOptional, Matches, Max, Min } from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { WebhookUrlField } from '../webhooks/webhook-url.field.js';
import { DEPLOYMENT_ID } from '../manifest/deployment-id.js';

class StackRunBody {
  @WebhookUrlField()
  readonly webhookUrl?: string;

  @ApiProperty({ enum: ENVIRONMENTS, example: 'dev' })
  @IsDefined()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment!: EnvironmentName;

  @ApiPropertyOptional({ default: false, description: 'Plan only: nothing changes' })
  @IsOptional()
  @IsBoolean()
  readonly preview?: boolean;

  @ApiPropertyOptional({
    oneOf: [{ type: 'boolean' }, { type: 'string' }],
    description: 'true or the deployment id, where a confirmation is asked for',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => value)
  readonly confirm?: boolean | string;

  @ApiPropertyOptional({ default: false, description: 'Wait behind the running operation instead of 409' })
  @IsOptional()
  @IsBoolean()
  readonly waitForLock?: boolean;

  @ApiPropertyOptional({ minimum: 10, maximum: 86_400, description: 'Seconds' })
  @IsOptional()
  @IsInt()
  @Min(10)
  @Max(86_400)
  readonly timeoutSeconds?: number;
}

export class StackDeployBody extends StackRunBody {
  @ApiPropertyOptional({ default: false, description: 'Run also when nothing changed' })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Dependencies need not be deployed' })
  @IsOptional()
  @IsBoolean()
  readonly skipDependencies?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Deploys dependencies that are not deployed with it' })
  @IsOptional()
  @IsBoolean()
  readonly includeDependencies?: boolean;

  @ApiPropertyOptional({ default: true })
  @IsOptional()
  @IsBoolean()
  readonly rollbackOnError?: boolean;

  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  readonly skipValidation?: boolean;

  @ApiPropertyOptional({
    type: Object,
    example: { azCount: 3 },
    description: 'Configuration of this run only: key → value',
  })
  @IsOptional()
  @IsObject()
  readonly overrides?: Record<string, unknown>;
}

export class StackDestroyBody extends StackRunBody {
  @ApiPropertyOptional({ default: false, description: 'Also when deployed stacks depend on it' })
  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;

  @ApiPropertyOptional({ default: false, description: 'dev and stage only, instead of confirm' })
  @IsOptional()
  @IsBoolean()
  readonly skipConfirmation?: boolean;
}

const DeploymentIdField = (): PropertyDecorator => (target, property) => {
  ApiProperty({ example: 'DT85S00' })(target, property);
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim().toUpperCase() : value))(
    target,
    property,
  );
  Matches(DEPLOYMENT_ID, {
    message: 'deploymentId must be D and 5 to 9 letters or digits',
    context: { code: 'INVALID_DEPLOYMENT_ID' },
  })(target, property);
};

/** The same from the stack's side, with the deployment in the body. */
export class StackDeployOfBody extends StackDeployBody {
  @DeploymentIdField()
  readonly deploymentId!: string;
}

export class StackDestroyOfBody extends StackDestroyBody {
  @DeploymentIdField()
  readonly deploymentId!: string;
}

export class StackParams {
  @ApiProperty({ example: 'network' })
  @Matches(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, { message: 'stack must be a stack name, e.g. network' })
  readonly stack!: string;
}
