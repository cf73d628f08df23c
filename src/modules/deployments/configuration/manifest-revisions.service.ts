import { Injectable } from '@nestjs/common';
import { NotFound } from '../../../shared/errors/app-error.js';
import type { Principal } from '../../../shared/http/principal.js';
import { Catalogue } from '../catalogue.js';
import type { Deployment, ManifestRevision } from '../deployment.js';
import { DeploymentStores } from '../deployment-stores.js';
import { DeploymentsService } from '../deployments.service.js';
import { changeList } from '../manifest/change-list.js';
import type { Manifest } from '../manifest/manifest.js';
import { maskSecrets } from '../manifest/secrets.js';

export interface RevisionDetail {
  readonly revision: Omit<ManifestRevision, 'manifest'>;
  /** Secrets masked. */
  readonly manifest: Manifest;
  /** Against the revision that was asked for; one line per changed path, secrets masked. */
  readonly diff: { readonly from: number; readonly to: number; readonly changes: readonly string[] } | null;
}

/** The history of a manifest: who changed what, and how two revisions differ. */
@Injectable()
export class ManifestRevisionsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly stores: DeploymentStores,
    private readonly catalogue: Catalogue,
  ) {}

  async list(
    principal: Principal,
    deploymentId: string,
    page: { readonly page: number; readonly limit: number },
  ): Promise<{
    readonly revisions: readonly Omit<ManifestRevision, 'manifest'>[];
    readonly total: number;
    readonly current: number;
  }> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:read');
    const found = await this.stores.deployments.listRevisions(deploymentId, {
      skip: (page.page - 1) * page.limit,
      limit: page.limit,
    });
    return { ...found, current: deployment.revision };
  }

  /** @param against revision to compare with. @throws NotFound for either */
  async get(principal: Principal, deploymentId: string, revision: number, against?: number): Promise<RevisionDetail> {
    const deployment = await this.deployments.load(principal, deploymentId, 'deployments:read');
    const { manifest: _sealed, ...record } = await this.record(deployment, revision);
    const manifest = await this.open(deployment, revision);
    const templates = this.catalogue.stacks.templates();
    const masked = maskSecrets(manifest, templates);
    if (against === undefined) return { revision: record, manifest: masked, diff: null };
    const changes = changeList(await this.open(deployment, against), manifest, templates);
    return { revision: record, manifest: masked, diff: { from: against, to: revision, changes } };
  }

  private async record({ deploymentId }: Deployment, revision: number): Promise<ManifestRevision> {
    const record = await this.stores.deployments.getRevision(deploymentId, revision);
    if (!record) throw missing(revision);
    return record;
  }

  private async open({ deploymentId }: Deployment, revision: number): Promise<Manifest> {
    const manifest = await this.stores.vault.open(deploymentId, revision);
    if (!manifest) throw missing(revision);
    return manifest;
  }
}

function missing(revision: number): NotFound {
  return new NotFound('manifest revision', String(revision));
}
