import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { anAwsWorld } from '../factories/aws-world.js';
import { AwsEndpoint } from '../fakes/aws-endpoint.js';
import { COMMAND_LINE, WHY_SKIPPED } from '../fakes/pulumi-rig.js';
import { MINIMAL, testSettings } from './app.harness.js';
import { ServerProcess } from './server-process.js';

const describeHere = COMMAND_LINE === undefined ? describe.skip : describe;

describeHere(`the server with CLOUD=aws${COMMAND_LINE === undefined ? ` (${WHY_SKIPPED})` : ''}`, () => {
  const world = anAwsWorld();
  let endpoint: AwsEndpoint;
  let server: ServerProcess;
  let settings: Record<string, string>;
  beforeAll(async () => {
    endpoint = await AwsEndpoint.start(world);
    settings = {
      ...testSettings(mkdtempSync(join(tmpdir(), 'cloud-aws-e2e-'))),
      ENGINE: 'pulumi',
      CLOUD: 'aws',
      PULUMI_CLI: COMMAND_LINE ?? '',
      ENGINE_RUNNERS: '0',
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_ACCESS_KEY_ID: world.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'example',
    };
    server = await ServerProcess.start(settings);
  });
  afterAll(async () => {
    await server.stop();
    await endpoint.stop();
    const client = await MongoClient.connect(String(settings['MONGODB_URI']));
    await client.db().dropDatabase();
    await client.close();
    rmSync(String(settings['DATA_DIR']), { recursive: true, force: true });
  });

  it('tells what its credentials may do in a region', async () => {
    endpoint.faults = [{ action: 'ListRoles', code: 'AccessDenied', status: 403, times: 1 }];
    const asked = { region: 'eu-west-1', account: world.account };
    expect(await server.data('POST', '/api/v1/validation/aws', asked)).toMatchObject({
      valid: true,
      accountId: world.account,
      credentials: { found: true },
      permissions: expect.arrayContaining([
        { service: 'ec2', allowed: true, missing: [] },
        { service: 'iam', allowed: false, missing: ['iam:ListRoles'] },
      ]),
      skipped: null,
    });
  });

  it('says that the credentials belong to another account', async () => {
    const asked = { region: 'eu-west-1', account: '999999999999' };
    const answer = await server.data('POST', '/api/v1/validation/aws', asked);
    expect(answer).toMatchObject({ valid: false, accountId: world.account });
    expect(JSON.stringify(answer['problems'])).toContain('999999999999');
  });

  it('looks things up in the account, and has no sandbox', async () => {
    const made = await server.data('POST', '/api/v1/deployments', {
      ...MINIMAL,
      regions: { dev: 'eu-west-1' },
    });
    const id = String(made['deploymentId']);
    const lookUps = async () => {
      endpoint.asked.length = 0;
      const body = { level: 'full', environment: 'dev', checks: ['runtime-placeholders'] };
      return JSON.stringify(await server.data('POST', `/api/v1/deployments/${id}/validate`, body));
    };
    expect(await lookUps()).not.toContain('availabilityZones');
    expect(endpoint.asked).toContain('eu-west-1 DescribeAvailabilityZones');
    endpoint.faults = [{ action: 'DescribeAvailabilityZones', code: 'UnauthorizedOperation', status: 403 }];
    expect(await lookUps()).toMatch(/availabilityZones.*UnauthorizedOperation/);
    expect((await server.call('GET', '/api/v1/sandbox/faults')).status).toBe(404);
  });
});
