import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { ENVIRONMENTS, type EnvironmentName } from '../../../shared/http/principal.js';
import { ToInt } from '../../../shared/http/paging.js';
import type { ManifestRevision } from '../deployment.js';
import { DeploymentParams } from '../deployment.dto.js';

const NEWEST = 1_000_000_000;

export class OneEnvironmentQuery {
  @ApiPropertyOptional({ enum: ENVIRONMENTS, default: 'dev' })
  @IsOptional()
  @IsIn(ENVIRONMENTS, { message: 'environment must be dev, stage or prod' })
  readonly environment: EnvironmentName = 'dev';
}

export class RevisionParams extends DeploymentParams {
  @ApiProperty({ example: 2, minimum: 1 })
  @ToInt()
  @IsInt({ message: 'revision must be a whole number' })
  @Min(1)
  @Max(NEWEST)
  readonly revision!: number;
}

export class RevisionQuery {
  @ApiPropertyOptional({ example: 1, minimum: 1, description: 'Another revision to compare with' })
  @IsOptional()
  @ToInt()
  @IsInt({ message: 'diff must be the number of a revision' })
  @Min(1)
  @Max(NEWEST)
  readonly diff?: number;
}

export class DependenciesDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ enum: ENVIRONMENTS }) readonly environment!: EnvironmentName;
  @ApiProperty({
    type: Object,
    example: { network: [], security: ['network'] },
    description: 'Hard, optional, manifest and implicit dependencies among the enabled stacks',
  })
  readonly graph!: Readonly<Record<string, readonly string[]>>;
  @ApiProperty({
    example: [['dns', 'network'], ['security']],
    description: 'Layer 1 first; empty while there is a cycle',
  })
  readonly layers!: readonly (readonly string[])[];
  @ApiProperty({
    type: Object,
    isArray: true,
    example: [{ from: 'security', to: 'network', placeholder: '{{RUNTIME:network:vpcId}}' }],
  })
  readonly implicit!: readonly object[];
  @ApiProperty({ example: [], description: 'Closed paths' }) readonly cycles!: readonly (readonly string[])[];
  @ApiProperty({ type: Object, isArray: true, example: [], description: '`{stack, dependency}`: not in the manifest' })
  readonly missing!: readonly object[];
  @ApiProperty({ type: Object, isArray: true, example: [], description: '`{stack, dependency}`: switched off' })
  readonly disabled!: readonly object[];
  @ApiProperty({
    type: Object,
    nullable: true,
    example: {
      totalStacks: 3,
      totalLayers: 2,
      layerSizes: [2, 1],
      largestLayer: 2,
      smallestLayer: 1,
      averageLayer: 1.5,
    },
  })
  readonly statistics!: object | null;
  @ApiProperty({
    example: 'dns → (none)\nnetwork → (none)\nsecurity → network\nLayer 1: dns, network\nLayer 2: security',
  })
  readonly text!: string;
}

export class GeneratedFileDto {
  @ApiProperty({ example: 'config/network.dev.yaml', description: 'Inside the directory' }) readonly path!: string;
  @ApiProperty({ example: 'network' }) readonly stack!: string;
  @ApiProperty({ enum: ENVIRONMENTS }) readonly environment!: EnvironmentName;
}

export class GeneratedFilesDto {
  @ApiProperty({ example: './cloud/deploy/DT85S00-demo-web-shop' }) readonly directory!: string;
  @ApiProperty({ example: 3, description: 'Stacks × environments' }) readonly configFiles!: number;
  @ApiProperty({ type: [GeneratedFileDto] }) readonly files!: readonly GeneratedFileDto[];
}

export class ExplanationDto {
  @ApiProperty({ example: 'DT85S00' }) readonly deploymentId!: string;
  @ApiProperty({ example: 'network' }) readonly stack!: string;
  @ApiProperty({ enum: ENVIRONMENTS }) readonly environment!: EnvironmentName;
  @ApiProperty({ example: 2 }) readonly revision!: number;
  @ApiProperty({
    type: Object,
    isArray: true,
    example: [
      {
        path: 'vpcCidr',
        value: '10.60.0.0/16',
        tier: '2a',
        tierName: 'manifest, stack',
        source: { document: 'Deployment_Manifest.yaml', path: 'spec.stacks.network.config.vpcCidr', line: 31 },
        secret: false,
        placeholders: [],
        overridden: [
          {
            value: '10.0.0.0/16',
            tier: '1',
            source: {
              document: 'templates/config/network.yaml',
              path: 'parameters.inputs.vpcCidr.environmentDefaults.dev',
              line: 17,
            },
          },
        ],
      },
    ],
    description:
      'Every value: the tier that decided it, its line, its placeholders, what lower tiers had said; secrets as ***',
  })
  readonly values!: readonly object[];
  @ApiProperty({ type: Object, isArray: true, example: [], description: 'Keys that a tier took away with null' })
  readonly removed!: readonly object[];
  @ApiProperty({ type: [String], example: [], description: 'Bound to an optional dependency that is not enabled' })
  readonly omitted!: readonly string[];
}

export class RevisionDto {
  @ApiProperty({ example: 2 }) readonly revision!: number;
  @ApiProperty({ example: 'ada@example.com' }) readonly author!: string;
  @ApiProperty({ type: Date }) readonly createdAt!: Date;
  @ApiProperty({ type: [String], example: ['stacks.network.config.vpcCidr: (none) → "10.60.0.0/16"'] })
  readonly changes!: readonly string[];
  @ApiProperty({ example: '9f2b…', description: 'Same manifest, same hash' }) readonly contentHash!: string;
}

export class RevisionDetailDto extends RevisionDto {
  @ApiProperty({ type: Object, description: 'Secrets as ***' }) readonly manifest!: object;
  @ApiProperty({
    type: Object,
    nullable: true,
    example: { from: 1, to: 2, changes: ['stacks.network.config.vpcCidr: (none) → "10.60.0.0/16"'] },
  })
  readonly diff!: object | null;
}

export function toRevisionDto(revision: Omit<ManifestRevision, 'manifest'>): RevisionDto {
  const { revision: number, author, createdAt, changes, contentHash } = revision;
  return { revision: number, author, createdAt, changes, contentHash };
}
