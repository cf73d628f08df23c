import { ProgramHost, resource } from '../../testing/program-host';
import { templateConfig } from '../../testing/template-config';

let host: ProgramHost;
beforeAll(() => {
  host = new ProgramHost();
});
afterAll(() => host.close());

const run = (overrides: Record<string, unknown> = {}, environment = 'dev') =>
  host.run('dns', templateConfig('dns', environment, overrides));
const names = async (...args: Parameters<typeof run>) => (await run(...args)).resources.map(({ name }) => name).sort();

test.each([
  ['dev', 'dev.shop.example.com'],
  ['stage', 'stage.shop.example.com'],
  ['prod', 'shop.example.com'],
])('the zone of %s is %s', async (environment, domain) => {
  const { resources, outputs } = await run({}, environment);
  expect(resource({ resources } as never, 'zone').inputs).toMatchObject({ name: domain, forceDestroy: false });
  expect(outputs).toMatchObject({ domainName: domain, nameServers: ['ns-1.example.net', 'ns-2.example.net'] });
});

test('one certificate covers apex and wildcard, proved by one record (DNS-1)', async () => {
  const done = await run();
  expect(resource(done, 'certificate').inputs).toMatchObject({
    domainName: 'dev.shop.example.com',
    subjectAlternativeNames: ['*.dev.shop.example.com'],
    validationMethod: 'DNS',
  });
  expect(resource(done, 'validation-record').inputs).toMatchObject({
    name: '_proof',
    type: 'CNAME',
    records: ['_value'],
    ttl: 60,
    allowOverwrite: true,
  });
  expect(resource(done, 'validation').timeouts).toMatchObject({ create: '30m' });
  expect(done.outputs['wildcardCertificateArn']).toBe(done.outputs['primaryCertificateArn']);
});

test('only Amazon may issue certificates for the domain', async () => {
  expect(resource(await run(), 'caa').inputs).toMatchObject({
    type: 'CAA',
    name: 'dev.shop.example.com',
    ttl: 300,
    records: ['0 issue "amazon.com"', '0 issuewild "amazon.com"'],
  });
});

test('a given zone is used, not made: no name servers to delegate to', async () => {
  const done = await run({ createHostedZone: false, hostedZoneId: 'Z0GIVEN' });
  expect(done.resources.map(({ name }) => name).sort()).toEqual([
    'caa',
    'certificate',
    'validation',
    'validation-record',
  ]);
  expect(resource(done, 'caa').inputs['zoneId']).toBe('Z0GIVEN');
  expect(done.invokes).toEqual([{ token: 'aws:route53/getZone:getZone', inputs: { zoneId: 'Z0GIVEN' } }]);
  expect(done.outputs).toMatchObject({ hostedZoneId: 'Z0GIVEN', hostedZoneName: 'given.example.com', nameServers: [] });
});

test('a parent zone gets the delegation, and the validation waits for it', async () => {
  const done = await run({ parentZoneId: 'Z0PARENT' });
  expect(resource(done, 'parent-ns').inputs).toMatchObject({
    zoneId: 'Z0PARENT',
    type: 'NS',
    ttl: 300,
    records: ['ns-1.example.net', 'ns-2.example.net'],
  });
  expect(resource(done, 'validation').dependencies).toContain('parent-ns');
});

test('features off leave their resources out and their outputs empty', async () => {
  const done = await run({ includeWildcard: false, waitForCertificateValidation: false });
  expect(done.resources.map(({ name }) => name)).not.toContain('validation');
  expect(done.outputs).toMatchObject({
    primaryCertificateArn: 'arn:aws:mock:::certificate',
    wildcardCertificateArn: '',
    primaryHealthCheckId: '',
    apiHealthCheckId: '',
  });
});

test('health checks look at the apex and the API over HTTPS', async () => {
  const done = await run({ primaryHealthCheckPath: '/up', healthCheckIntervalSeconds: 10 }, 'prod');
  expect(resource(done, 'primary-health').inputs).toMatchObject({
    type: 'HTTPS',
    fqdn: 'shop.example.com',
    port: 443,
    resourcePath: '/up',
    enableSni: true,
    failureThreshold: 3,
    requestInterval: 10,
    regions: ['us-east-1', 'us-west-2', 'eu-west-1'],
  });
  expect(resource(done, 'api-health').inputs).toMatchObject({ fqdn: 'api.shop.example.com', resourcePath: '/health' });
  expect(await names({ apiHealthCheckPath: null }, 'prod')).not.toContain('api-health');
});

test.each<[string, unknown, Record<string, unknown>?]>([
  ['domain', null],
  ['domain', 'localhost'],
  ['domain', 'bad_label.example.com'],
  ['hostedZoneId', 'zone-1'],
  ['hostedZoneId', '', { createHostedZone: false }],
  ['parentZoneId', 'A123'],
  ['healthCheckRegions', ['us-east-1', 'us-west-2', 'us-west-2']],
  ['primaryHealthCheckPath', 'health'],
  ['apiHealthCheckPath', 'health'],
  ['healthCheckFailureThreshold', 0],
  ['healthCheckFailureThreshold', 11],
  ['healthCheckIntervalSeconds', 20],
  ['defaultTtl', 59],
  ['defaultTtl', 86_401],
  ['defaultTtl', null],
])('%s = %j is refused before anything is registered', async (key, value, others = {}) => {
  const { error, resources } = await run({ ...others, [key]: value });
  expect(error).toMatchObject({ name: 'InvalidInput', key });
  expect(resources).toEqual([]);
});
