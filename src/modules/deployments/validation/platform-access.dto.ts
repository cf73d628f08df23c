import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  Validate,
  type ValidationArguments,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { ACCOUNT_ID } from '../manifest/names.js';
import { isKnownRegion } from '../manifest/regions.js';

@ValidatorConstraint()
class KnownRegion implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isKnownRegion(value);
  }

  defaultMessage({ property }: ValidationArguments): string {
    return `${property} must be a known AWS region, e.g. us-east-1`;
  }
}

export class AwsAccessBody {
  @ApiPropertyOptional({ default: 'us-east-1' })
  @IsOptional()
  @Validate(KnownRegion, { context: { code: 'INVALID_REGION' } })
  readonly region?: string;

  @ApiPropertyOptional({ example: '111111111111', description: 'The credentials must be of it' })
  @IsOptional()
  @Matches(ACCOUNT_ID, { message: 'account must be 12 digits', context: { code: 'INVALID_ACCOUNT_ID' } })
  readonly account?: string;

  @ApiPropertyOptional({ example: 'staging', description: 'Named credentials of the host' })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  readonly profile?: string;
}

export class AwsAccessDto {
  @ApiProperty() readonly valid!: boolean;
  @ApiProperty({ type: String, nullable: true }) readonly accountId!: string | null;
  @ApiProperty({ example: 'us-east-1' }) readonly region!: string;
  @ApiProperty({ type: Object, example: { found: true, profile: null } }) readonly credentials!: object;
  @ApiProperty({ type: Object, isArray: true, example: [{ service: 'ec2', allowed: true, missing: [] }] })
  readonly permissions!: readonly object[];
  @ApiProperty({ type: [String], example: [] }) readonly problems!: readonly string[];
  @ApiProperty({ type: String, nullable: true, description: 'Why nothing was asked: a sandbox has no account' })
  readonly skipped!: string | null;
}

export class PulumiAccessDto {
  @ApiProperty() readonly valid!: boolean;
  @ApiProperty() readonly cliInstalled!: boolean;
  @ApiProperty({ type: String, nullable: true, example: '3.260.0' }) readonly cliVersion!: string | null;
  @ApiProperty({ type: String, nullable: true, example: '3.206.0' }) readonly minimumVersion!: string | null;
  @ApiProperty() readonly loggedIn!: boolean;
  @ApiProperty({ type: String, nullable: true, example: 'organization' }) readonly organization!: string | null;
  @ApiProperty({ type: String, nullable: true }) readonly user!: string | null;
  @ApiProperty({ type: Boolean, nullable: true }) readonly canCreate!: boolean | null;
  @ApiProperty({ type: Boolean, nullable: true }) readonly canRead!: boolean | null;
  @ApiProperty({ type: Boolean, nullable: true }) readonly canWrite!: boolean | null;
  @ApiProperty({ type: [String], example: [] }) readonly problems!: readonly string[];
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why nothing was asked: the embedded engine keeps its state',
  })
  readonly skipped!: string | null;
}
