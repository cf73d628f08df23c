import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsArray,
  IsDefined,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import type { CloudResource } from '../../../tools/sandbox-cloud/account-store.port.js';
import { PageQuery } from '../../shared/http/paging.js';

const RESOURCE_EXAMPLE = {
  id: 'vpc-0a1b2c3d4e5f60718',
  arn: 'arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0a1b2c3d4e5f60718',
  type: 'aws:ec2/vpc:Vpc',
  urn: 'urn:pulumi:D1BRV40-network-dev::shop::aws:ec2/vpc:Vpc::vpc',
  region: 'us-east-1',
  properties: { cidrBlock: '10.0.0.0/16', enableDnsSupport: true },
  createdAt: '2026-01-15T10:00:00.000Z',
  updatedAt: '2026-01-15T10:00:00.000Z',
};
const RULE_EXAMPLE = {
  match: { type: 'aws:ec2/natGateway:NatGateway' },
  operation: 'create',
  nth: 1,
  times: 1,
  error: {
    code: 'NatGatewayLimitExceeded',
    message: 'The maximum number of NAT gateways has been reached.',
    retryable: false,
  },
};

/** Everybody's organization is found from the credential; administrators of several name one. */
export class SandboxScopeQuery {
  @ApiPropertyOptional({ description: 'Needed by administrators of several organizations.', example: 'acme' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  readonly organization?: string;
}

export class AccountParams {
  @ApiProperty({ description: 'Account id of 12 digits', example: '123456789012' })
  @Matches(/^\d{12}$/, { message: 'account must be 12 digits', context: { code: 'INVALID_ACCOUNT_ID' } })
  readonly account!: string;
}

export class ResourceParams extends AccountParams {
  @ApiProperty({ description: 'Id or ARN of the resource, percent-encoded', example: 'vpc-0a1b2c3d4e5f60718' })
  @IsString()
  readonly id!: string;
}

export class InventoryQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Exact; `global` for IAM and Route 53', example: 'us-east-1' })
  @IsOptional()
  @IsString()
  readonly region?: string;

  @ApiPropertyOptional({ description: 'Exact Pulumi type', example: 'aws:ec2/vpc:Vpc' })
  @IsOptional()
  @IsString()
  readonly type?: string;

  @ApiPropertyOptional({ description: 'Exact Pulumi stack name', example: 'D1BRV40-network-dev' })
  @IsOptional()
  @IsString()
  readonly stack?: string;

  @ApiPropertyOptional({ description: 'Needed by administrators of several organizations.', example: 'acme' })
  @IsOptional()
  @IsString()
  readonly organization?: string;
}

/** Tells resources of one id apart. */
export class ResourceQueryDto extends SandboxScopeQuery {
  @ApiPropertyOptional({ example: 'us-east-1' })
  @IsOptional()
  @IsString()
  readonly region?: string;

  @ApiPropertyOptional({ example: 'aws:ec2/vpc:Vpc' })
  @IsOptional()
  @IsString()
  readonly type?: string;
}

export class ChangeResourceDto {
  @ApiProperty({
    type: Object,
    description: 'Every given property replaces the one the cloud has; null removes it.',
    example: { enableDnsHostnames: false },
  })
  @IsDefined()
  @IsObject()
  readonly properties!: Record<string, unknown>;
}

export class ParametersDto {
  @ApiPropertyOptional({
    type: Object,
    description: 'What SSM parameter look-ups find: path → text or list of texts',
    example: { '/shop/image': 'v1.2.3' },
  })
  @IsOptional()
  @IsObject()
  readonly ssm?: Record<string, unknown>;

  @ApiPropertyOptional({
    type: Object,
    description: 'What secret look-ups find: id → text',
    example: { 'shop/api-key': 'not-a-real-key' },
  })
  @IsOptional()
  @IsObject()
  readonly secrets?: Record<string, unknown>;
}

export class FaultsDto {
  @ApiProperty({
    type: 'array',
    items: { type: 'object' },
    description:
      'The whole list. A rule counts its own matches; `nth` and `times` (default 1) say which of them go wrong.',
    example: [RULE_EXAMPLE, { match: { name: 'zone' }, operation: 'delete', hang: true }],
  })
  @IsDefined()
  @IsArray()
  readonly rules!: unknown[];
}

export class SpeedDto {
  @ApiProperty({
    minimum: 0,
    maximum: 10,
    description: 'Factor of the typical durations; 0 never waits',
    example: 0.02,
  })
  @IsDefined()
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0)
  @Max(10)
  readonly factor!: number;
}

export class SandboxResourceDto {
  @ApiProperty({ example: RESOURCE_EXAMPLE.id }) readonly id!: string;
  @ApiProperty({ example: RESOURCE_EXAMPLE.arn, description: 'Empty for what has none in AWS' }) readonly arn!: string;
  @ApiProperty({ example: RESOURCE_EXAMPLE.type }) readonly type!: string;
  @ApiProperty({ example: RESOURCE_EXAMPLE.urn }) readonly urn!: string;
  @ApiProperty({ example: RESOURCE_EXAMPLE.region }) readonly region!: string;
  @ApiProperty({ type: Object, example: RESOURCE_EXAMPLE.properties }) readonly properties!: Record<string, unknown>;
  @ApiProperty({ example: RESOURCE_EXAMPLE.createdAt }) readonly createdAt!: string;
  @ApiProperty({ example: RESOURCE_EXAMPLE.updatedAt }) readonly updatedAt!: string;
}

export function toSandboxResourceDto(resource: CloudResource): SandboxResourceDto {
  const { id, arn, type, urn, region, properties, createdAt, updatedAt } = resource;
  return {
    id,
    arn,
    type,
    urn,
    region,
    properties,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
