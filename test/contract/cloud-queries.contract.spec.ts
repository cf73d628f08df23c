import { AwsCloudQueries } from '../../src/modules/orchestrator/placeholders/aws.cloud-queries.js';
import { StaticCloudQueries } from '../../src/modules/orchestrator/placeholders/static.cloud-queries.js';
import { MemoryAccountStore } from '../../tools/sandbox-cloud/memory.account-store.js';
import { SandboxCloud } from '../../tools/sandbox-cloud/sandbox-cloud.js';
import { awsQueries, anAwsWorld } from '../factories/aws-world.js';
import { AwsEndpoint } from '../fakes/aws-endpoint.js';
import { cloudQueriesContract, HELD, PLACE } from './cloud-queries.contract.js';

describe('StaticCloudQueries on the sandbox cloud', () => {
  let queries: StaticCloudQueries;
  beforeAll(async () => {
    const cloud = new SandboxCloud(new MemoryAccountStore(), { speed: 0 });
    await cloud.setParameters(PLACE.organization, { ssm: HELD.parameters, secrets: HELD.secrets });
    const provider = cloud.provider(PLACE);
    const make = async (type: string, name: string, inputs: object): Promise<string> => {
      const at = { urn: `urn:pulumi:dev::shop::${type}::${name}`, type, name };
      const token = `token-${name}`;
      return (await provider.create({ ...at, inputs: { ...inputs }, token, preview: false })).id;
    };
    const vpcId = await make('aws:ec2/vpc:Vpc', 'main', { cidrBlock: '10.0.0.0/16', tags: HELD.tags.vpc });
    const cidrBlock = '10.0.0.0/24';
    await make('aws:ec2/subnet:Subnet', 'a', { vpcId, cidrBlock, tags: HELD.tags.subnet });
    queries = new StaticCloudQueries(cloud);
  });

  cloudQueriesContract(() => queries);

  it('has no account behind it', async () => {
    expect(await queries.access(PLACE)).toBeNull();
  });
});

describe('AwsCloudQueries on the protocols of AWS', () => {
  let endpoint: AwsEndpoint;
  let queries: AwsCloudQueries;
  beforeAll(async () => {
    endpoint = await AwsEndpoint.start(anAwsWorld());
    queries = awsQueries(endpoint);
  });
  afterAll(async () => {
    queries.onApplicationShutdown();
    await endpoint.stop();
  });

  cloudQueriesContract(() => queries);
});
