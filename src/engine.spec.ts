import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SandboxCloud } from '../tools/sandbox-cloud/sandbox-cloud.js';
import { MemoryAccountStore } from '../tools/sandbox-cloud/memory.account-store.js';
import { engineOptions } from './engine.js';
import { AwsCloudQueries } from './modules/orchestrator/placeholders/aws.cloud-queries.js';
import { StaticCloudQueries } from './modules/orchestrator/placeholders/static.cloud-queries.js';
import { SandboxModule } from './modules/sandbox/sandbox.module.js';
import { readConfig } from './shared/config/config.js';

describe('engineOptions', () => {
  const data = mkdtempSync(join(tmpdir(), 'cloud-engine-'));
  afterAll(() => rmSync(data, { recursive: true }));
  const options = (settings: Readonly<Record<string, string>>) =>
    engineOptions(
      readConfig({
        NODE_ENV: 'test',
        MONGODB_URI: 'mongodb://127.0.0.1/db',
        DATA_DIR: data,
        API_KEYS: 'k',
        ...settings,
      }),
    );

  it('looks things up in the account with CLOUD=aws, and knows no sandbox then', async () => {
    const { engine, queries, imports } = options({ ENGINE: 'pulumi', CLOUD: 'aws' });
    expect([...(engine.inject ?? []), ...(queries.inject ?? [])]).not.toContain(SandboxCloud);
    expect(imports).not.toContain(SandboxModule);
    expect(await queries.useFactory()).toBeInstanceOf(AwsCloudQueries);
  });

  it.each(['embedded', 'pulumi'])('looks things up in the sandbox with ENGINE=%s and CLOUD=sandbox', async (ENGINE) => {
    const { engine, queries, imports } = options({ ENGINE, CLOUD: 'sandbox' });
    expect(engine.inject).toContain(SandboxCloud);
    expect(imports).toContain(SandboxModule);
    const cloud = new SandboxCloud(new MemoryAccountStore(), { speed: 0 });
    expect(await queries.useFactory(cloud)).toBeInstanceOf(StaticCloudQueries);
  });
});
