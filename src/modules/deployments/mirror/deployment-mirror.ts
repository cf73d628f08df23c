import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { stringify } from 'yaml';
import { Config } from '../../../shared/config/config.js';
import { Conflict } from '../../../shared/errors/app-error.js';
import type { StackTemplates } from '../../templates/stack-template.js';
import type { Deployment } from '../deployment.js';
import { configFiles } from '../manifest/config-files.js';
import type { Manifest } from '../manifest/manifest.js';
import { directoryName } from '../manifest/names.js';
import { maskSecrets } from '../manifest/secrets.js';

type Mirrored = Pick<Deployment, 'deploymentId' | 'organization' | 'project' | 'revision' | 'createdBy' | 'createdAt'>;

/**
 * Files of a deployment below DEPLOY_ROOT, for people to read; the database stays the system of record (deployments.md 1.5).
 * Every file is written beside its place and renamed into it, so a reader never sees half of one. Secrets are `***`.
 * With DEPLOY_MIRROR=false nothing is written and nothing else changes.
 */
@Injectable()
export class DeploymentMirror {
  readonly #root: string;
  /** DEPLOY_MIRROR. */
  readonly isOn: boolean;

  constructor(config: Config) {
    this.#root = config.paths.deploy;
    this.isOn = config.runs.mirror;
  }

  /**
   * Folder, manifest and configuration files; leaves nothing behind when it fails.
   * @throws Conflict `RESOURCE_ALREADY_EXISTS` when the folder is there
   */
  async create(deployment: Mirrored, manifest: Manifest, stackTemplates: StackTemplates): Promise<void> {
    if (!this.isOn) return;
    const folder = this.#folderOf(deployment);
    await mkdir(this.#root, { recursive: true });
    await makeNew(folder);
    try {
      await mkdir(join(folder, 'logs'));
      await this.#write(folder, deployment.revision, manifest, stackTemplates);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Manifest and configuration files of the new revision; files of stacks that are gone are removed (deployments.md 3.5). */
  async update(deployment: Mirrored, manifest: Manifest, stackTemplates: StackTemplates): Promise<void> {
    if (!this.isOn) return;
    const folder = this.#folderOf(deployment);
    const written = await this.#write(folder, deployment.revision, manifest, stackTemplates);
    for (const file of await readdir(join(folder, 'config'))) {
      if (!written.has(`config/${file}`)) await rm(join(folder, 'config', file), { force: true });
    }
  }

  /** A log file, whole. */
  async writeLog(deployment: Mirrored, name: string, text: AsyncIterable<string>): Promise<void> {
    if (!this.isOn) return;
    const folder = join(this.#folderOf(deployment), 'logs');
    await mkdir(folder, { recursive: true });
    await replace(join(folder, name), text);
  }

  async remove(deployment: Mirrored): Promise<void> {
    if (this.isOn) await rm(this.#folderOf(deployment), { recursive: true, force: true });
  }

  /** The folder goes to `archive/` (deployments.md 7.10). */
  async archive(deployment: Mirrored): Promise<void> {
    if (!this.isOn) return;
    await mkdir(join(this.#root, ARCHIVE), { recursive: true });
    await move(this.#folderOf(deployment), this.#archiveOf(deployment));
  }

  /** Takes `archive` back. */
  async restore(deployment: Mirrored): Promise<void> {
    if (this.isOn) await move(this.#archiveOf(deployment), this.#folderOf(deployment));
  }

  #archiveOf({ deploymentId, organization, project }: Mirrored): string {
    return join(this.#root, ARCHIVE, directoryName(deploymentId, organization, project));
  }

  #folderOf({ deploymentId, organization, project }: Mirrored): string {
    return join(this.#root, directoryName(deploymentId, organization, project));
  }

  async #write(
    folder: string,
    revision: number,
    manifest: Manifest,
    stackTemplates: StackTemplates,
  ): Promise<ReadonlySet<string>> {
    await mkdir(join(folder, 'config'), { recursive: true });
    const text = stringify(maskSecrets(manifest, stackTemplates), { lineWidth: 0 });
    await replace(join(folder, 'Deployment_Manifest.yaml'), text);
    const files = configFiles(manifest, stackTemplates, revision);
    for (const file of files) await replace(join(folder, file.path), file.text);
    return new Set(files.map((file) => file.path));
  }
}

/** Folder below DEPLOY_ROOT of what was deleted. */
const ARCHIVE = 'archive';

/** Where there is no such folder there is nothing to move: the files are only for people. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function makeNew(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new Conflict('RESOURCE_ALREADY_EXISTS', 'The directory of this deployment exists already', {
      cause,
      suggestion: 'Remove the directory below DEPLOY_ROOT, or choose another deployment id.',
    });
  }
}

async function replace(path: string, text: string | AsyncIterable<string>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o640 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
