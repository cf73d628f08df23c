import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runManifest } from './manifest-run';
import { ProgramHost, type ProgramRun, type Registered } from './program-host';
import { ENVIRONMENTS } from './resource-counts';

/**
 * The security baseline (stacks.md 5) over the whole default template, every stack fed with what its producers export: encryption
 * at rest (the second half of X4), the other B rules that a program can break, and the scan for secrets (X11).
 */

const TEMPLATES = join(__dirname, '..', '..', 'templates');
/** What a secret is wrapped in on its way to the engine (the SDK's own constants). */
const SECRET = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270' };

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

type Inputs = Registered['inputs'];
interface Found extends Registered {
  readonly stack: string;
}

const isKey = (value: unknown): boolean => typeof value === 'string' && /^arn:aws:mock:::\w+-key$/.test(value);
const first = (value: unknown): Record<string, unknown> =>
  (Array.isArray(value) ? (value[0] as Record<string, unknown> | undefined) : undefined) ?? {};
const member = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

/** Type → is it encrypted, with a customer key unless B2 names the exception. */
const ENCRYPTED: Readonly<Record<string, (inputs: Inputs, name: string, all: readonly Found[]) => boolean>> = {
  'aws:s3/bucket:Bucket': (inputs, name, all) => {
    const settings = all.find(
      (one) => one.type.endsWith(':BucketServerSideEncryptionConfiguration') && one.name === `${name}-encryption`,
    );
    const rule = first(settings?.inputs['rules'])['applyServerSideEncryptionByDefault'];
    const isOfBucket = settings?.inputs['bucket'] === inputs['bucket'];
    if (name === 'logs-bucket') return isOfBucket && member(rule, 'sseAlgorithm') === 'AES256';
    return isOfBucket && member(rule, 'sseAlgorithm') === 'aws:kms' && isKey(member(rule, 'kmsMasterKeyId'));
  },
  'aws:cloudwatch/logGroup:LogGroup': ({ kmsKeyId }, name) => isKey(kmsKeyId) || name === 'flow-log-group',
  'aws:sns/topic:Topic': ({ kmsMasterKeyId }) => isKey(kmsMasterKeyId),
  'aws:sqs/queue:Queue': ({ sqsManagedSseEnabled }) => sqsManagedSseEnabled === true,
  'aws:secretsmanager/secret:Secret': ({ kmsKeyId }) => isKey(kmsKeyId),
  'aws:ecr/repository:Repository': ({ encryptionConfigurations }) => isKey(first(encryptionConfigurations)['kmsKey']),
  'aws:efs/fileSystem:FileSystem': ({ encrypted, kmsKeyId }) => encrypted === true && isKey(kmsKeyId),
  'aws:backup/vault:Vault': ({ kmsKeyArn }) => isKey(kmsKeyArn),
  // a replica in the same region has the key of its source
  'aws:rds/instance:Instance': ({ storageEncrypted, kmsKeyId, replicateSourceDb }) =>
    storageEncrypted === true && (isKey(kmsKeyId) || replicateSourceDb !== undefined),
  'aws:ec2/launchTemplate:LaunchTemplate': ({ blockDeviceMappings }) => {
    const ebs = first(blockDeviceMappings)['ebs'];
    return String(member(ebs, 'encrypted')) === 'true' && isKey(member(ebs, 'kmsKeyId'));
  },
  'aws:eks/cluster:Cluster': ({ encryptionConfig }) => isKey(member(encryptionConfig, 'provider', 'keyArn')),
  'aws:lambda/function:Function': ({ kmsKeyArn }) => isKey(kmsKeyArn),
};

/** Texts that look like a secret, whatever holds them. */
const SECRET_TEXTS = [
  /\bA(KIA|SIA)[0-9A-Z]{16}\b/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]+:[^\s/@"]+@/, // credentials in a URL
  /\bcanary-/, // what the random provider made
];
const SECRET_KEYS = /^(.*password|secretString|clientSecret|privateKey|apiKey|accessKey|authToken)$/i;

/** Paths of what looks like a secret; user data is looked into. */
function secretsIn(value: unknown, path = ''): string[] {
  if (typeof value === 'string') {
    const texts = path.endsWith('.userData') ? [value, Buffer.from(value, 'base64').toString()] : [value];
    return texts.some((text) => SECRET_TEXTS.some((pattern) => pattern.test(text))) ? [path] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = `${path}.${key}`;
    if (typeof inner === 'string' && inner !== '' && SECRET_KEYS.test(key)) return [here];
    return secretsIn(inner, here);
  });
}

describe.each(ENVIRONMENTS)('%s', (environment) => {
  let runs: ReadonlyMap<string, ProgramRun>;
  let all: readonly Found[];
  const of = (type: string): readonly Found[] => all.filter((one) => one.type === type);
  beforeAll(async () => {
    runs = await runManifest(host, 'default', environment);
    all = [...runs].flatMap(([stack, { resources }]) => resources.map((one) => ({ stack, ...one })));
  }, 120_000);

  test('X4: what stores anything is encrypted, with a customer key but for the named exceptions (B2)', () => {
    const stores = all.filter(({ type }) => type in ENCRYPTED);
    const open = stores.filter(({ type, name, inputs }) => !ENCRYPTED[type]?.(inputs, name, all));
    expect(open.map(({ stack, name }) => `${stack}/${name}`)).toEqual([]);
    if (environment === 'prod')
      expect(new Set(stores.map(({ type }) => type)).size).toBe(Object.keys(ENCRYPTED).length);
  });

  test('B3: buckets refuse plain text, the public balancers redirect to TLS 1.2 and newer, the database insists on it', () => {
    for (const { name, inputs } of of('aws:s3/bucketPolicy:BucketPolicy')) {
      const { Statement } = JSON.parse(String(inputs['policy'])) as { Statement: Record<string, unknown>[] };
      const denial = Statement.find(({ Effect }) => Effect === 'Deny');
      expect([name, denial?.['Condition']]).toEqual([name, { Bool: { 'aws:SecureTransport': 'false' } }]);
    }
    const isPublic = (balancer: unknown): boolean =>
      of('aws:lb/loadBalancer:LoadBalancer').some(
        ({ name, inputs }) => inputs['internal'] !== true && balancer === `arn:aws:mock:::${name}`,
      );
    for (const { name, inputs } of of('aws:lb/listener:Listener').filter((one) =>
      isPublic(one.inputs['loadBalancerArn']),
    )) {
      const kind = inputs['port'] === 443 ? inputs['sslPolicy'] : first(inputs['defaultActions'])['type'];
      expect([name, kind]).toEqual([
        name,
        expect.stringMatching(inputs['port'] === 443 ? /^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2)/ : /^redirect$/),
      ]);
    }
    for (const { inputs } of of('aws:rds/parameterGroup:ParameterGroup')) {
      expect(inputs['parameters']).toContainEqual(expect.objectContaining({ name: 'rds.force_ssl', value: '1' }));
    }
  });

  test('B6, B7: data stays in its subnets, workloads in private ones, nothing gets a public address', () => {
    const subnets = (kind: string): unknown => runs.get('network')?.outputs[`${kind}SubnetIds`];
    for (const { inputs } of of('aws:ec2/subnet:Subnet')) expect(inputs['mapPublicIpOnLaunch']).toBe(false);
    for (const { inputs } of of('aws:rds/instance:Instance')) expect(inputs['publiclyAccessible']).toBe(false);
    for (const { inputs } of of('aws:rds/subnetGroup:SubnetGroup'))
      expect(inputs['subnetIds']).toEqual(subnets('database'));
    for (const { inputs } of of('aws:efs/mountTarget:MountTarget'))
      expect(subnets('private')).toContain(inputs['subnetId']);
    for (const { inputs } of of('aws:ecs/service:Service')) {
      expect(inputs['networkConfiguration']).toMatchObject({ assignPublicIp: false, subnets: subnets('private') });
    }
    for (const { inputs } of of('aws:autoscaling/group:Group')) {
      expect(inputs['vpcZoneIdentifiers']).toEqual(subnets('private'));
    }
    for (const { inputs } of of('aws:eks/nodeGroup:NodeGroup')) expect(inputs['subnetIds']).toEqual(subnets('private'));
    for (const { inputs } of of('aws:lambda/function:Function')) {
      if (inputs['vpcConfig']) expect(inputs['vpcConfig']).toMatchObject({ subnetIds: subnets('private') });
    }
    for (const { inputs } of of('aws:lb/loadBalancer:LoadBalancer')) {
      expect(inputs['subnets']).toEqual(subnets(inputs['internal'] === true ? 'private' : 'public'));
    }
  });

  test('B9 to B12: instances, images, keys and sign-in', () => {
    for (const { stack, inputs } of of('aws:ec2/launchTemplate:LaunchTemplate')) {
      const hops = stack === 'services-eks' ? 2 : 1;
      expect(inputs['metadataOptions']).toMatchObject({ httpTokens: 'required', httpPutResponseHopLimit: hops });
      expect(inputs).not.toHaveProperty('keyName');
    }
    for (const { name, inputs } of of('aws:ecr/repository:Repository')) {
      expect([name, member(inputs['imageScanningConfiguration'], 'scanOnPush')]).toEqual([name, true]);
      if (environment !== 'dev') expect([name, inputs['imageTagMutability']]).toEqual([name, 'IMMUTABLE']);
    }
    const deletionWindowInDays = { dev: 7, stage: 14, prod: 30 }[environment];
    for (const { inputs } of of('aws:kms/key:Key')) {
      expect(inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays });
    }
    for (const { inputs } of of('aws:cognito/userPoolClient:UserPoolClient')) {
      expect(inputs).toMatchObject({ allowedOauthFlows: ['code'], generateSecret: false });
      expect(inputs['explicitAuthFlows']).toEqual(['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH']);
    }
    for (const { inputs } of of('aws:cognito/identityPool:IdentityPool')) {
      expect(inputs['allowUnauthenticatedIdentities']).toBe(false);
    }
  });

  test('X11: no output, argument, environment variable, user data or warning holds a secret', () => {
    for (const [stack, { outputs, warnings }] of runs) {
      expect([stack, secretsIn(outputs), secretsIn(warnings)]).toEqual([stack, [], []]);
    }
    for (const { stack, name, type, inputs } of all) {
      const { secretString, ...others } = inputs;
      expect([stack, name, secretsIn(others)]).toEqual([stack, name, []]);
      if (secretString === undefined) continue;
      expect(type).toBe('aws:secretsmanager/secretVersion:SecretVersion');
      expect(secretString).toMatchObject(SECRET); // leaves the program wrapped
      const value = String(member(secretString, 'value'));
      if (stack === 'secrets') expect(value).toMatch(/^canary-/);
      else expect(secretsIn(JSON.parse(value))).toEqual([]);
    }
  });
});

test('X11: no template holds a secret', () => {
  const files = ['config', 'default'].flatMap((folder) =>
    readdirSync(join(TEMPLATES, folder)).map((file) => join(TEMPLATES, folder, file)),
  );
  expect(files.length).toBeGreaterThan(16);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    expect([file, SECRET_TEXTS.filter((pattern) => pattern.test(text))]).toEqual([file, []]);
  }
});
