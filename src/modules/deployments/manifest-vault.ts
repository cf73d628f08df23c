import { Injectable } from '@nestjs/common';
import { contentHash } from '../../shared/kernel/canonical-json.js';
import { SecretBox } from '../../shared/kernel/secret-box.js';
import { StacksService } from '../stacks/stacks.service.js';
import type { Deployment } from './deployment.js';
import { DeploymentsRepository } from './deployments.repository.js';
import type { Manifest } from './manifest/manifest.js';
import { mapSecrets } from './manifest/secrets.js';

/** Marks a sealed value in a stored manifest. */
const SEALED = 'sealed:v1:';

/** Manifest revisions at rest: literal values of secret inputs are encrypted, everything else stands as it is. */
@Injectable()
export class ManifestVault {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly stacks: StacksService,
    private readonly secrets: SecretBox,
  ) {}

  async store(
    deployment: Pick<Deployment, 'deploymentId'>,
    manifest: Manifest,
    made: {
      readonly revision: number;
      readonly author: string;
      readonly changes: readonly string[];
      readonly createdAt: Date;
    },
  ): Promise<void> {
    const sealed = mapSecrets(manifest, this.stacks.knownTemplates(), (value) => this.sealed(value));
    await this.deployments.addRevision({
      deploymentId: deployment.deploymentId,
      manifest: sealed as unknown as Record<string, unknown>,
      contentHash: contentHash(manifest),
      ...made,
    });
  }

  /** A secret value as it is stored, and may leave in an export. */
  sealed(value: unknown): string {
    return `${SEALED}${this.secrets.seal(JSON.stringify(value))}`;
  }

  /** The manifest with its secrets in clear, for runs and edits only; null when the revision does not exist. */
  async open(deploymentId: string, revision: number): Promise<Manifest | null> {
    const stored = await this.deployments.getRevision(deploymentId, revision);
    if (!stored) return null;
    return mapSecrets(stored.manifest as unknown as Manifest, this.stacks.knownTemplates(), (value) =>
      typeof value === 'string' && value.startsWith(SEALED)
        ? (JSON.parse(this.secrets.open(value.slice(SEALED.length))) as unknown)
        : value,
    );
  }
}
