import type { CloudQueries, QueryPlace } from '../../src/modules/orchestrator/cloud-queries.port.js';

export const PLACE: QueryPlace = { organization: 'demo', account: '111111111111', region: 'eu-west-1' };

/** What the account of PLACE has, besides images, zones and a default VPC. */
export const HELD = {
  parameters: { '/shop/name': 'Shop', '/shop/zones': ['a', 'b', 'c'] },
  secrets: { 'shop/db': '{"user":"shop"}' },
  domain: 'shop.example.com',
  /** Every VPC and subnet that is there, by its tag. */
  tags: { vpc: { Name: 'shop-main' }, subnet: { Name: 'shop-private-a' } },
} as const;

/** What every CloudQueries must do; run by each adapter on an account that has what HELD says. */
export function cloudQueriesContract(queries: () => CloudQueries): void {
  const missing = (ruleId: string): object => ({ code: 'UNRESOLVABLE_PLACEHOLDER', details: { ruleId } });

  it.each(['amazonLinux2', 'amazonLinux2023', 'ubuntu2204'])(
    'finds an image of %s for both architectures',
    async (os) => {
      const [intel, arm] = await Promise.all([
        queries().latestImage(PLACE, os, 'x86_64'),
        queries().latestImage(PLACE, os, 'arm64'),
      ]);
      expect(intel).toEqual({ value: expect.stringMatching(/^ami-[0-9a-f]{17}$/), secret: false });
      expect(arm.value).toMatch(/^ami-[0-9a-f]{17}$/);
      expect(arm.value).not.toBe(intel.value);
      expect(await queries().latestImage(PLACE, os, 'x86_64')).toEqual(intel);
    },
  );

  it.each([
    ['windows95', 'x86_64'],
    ['amazonLinux2023', 'sparc'],
    ['constructor', 'arm64'],
  ])('knows no image of %s for %s', async (os, architecture) => {
    await expect(queries().latestImage(PLACE, os, architecture)).rejects.toMatchObject(missing('PH-010'));
  });

  it('names the zones of the region in order', async () => {
    const { value, secret } = await queries().availabilityZones(PLACE);
    expect(value).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
    expect(secret).toBe(false);
  });

  it('reads a parameter, and a list as a list', async () => {
    expect(await queries().parameter(PLACE, '/shop/name')).toEqual({ value: 'Shop', secret: false });
    expect(await queries().parameter(PLACE, '/shop/zones')).toEqual({ value: ['a', 'b', 'c'], secret: false });
  });

  it('reads a secret as one', async () => {
    expect(await queries().secret(PLACE, 'shop/db')).toEqual({ value: HELD.secrets['shop/db'], secret: true });
  });

  it.each([
    ['a parameter', () => queries().parameter(PLACE, '/shop/none')],
    ['a secret', () => queries().secret(PLACE, 'shop/none')],
    ['a VPC by tag', () => queries().tagged(PLACE, 'vpc', 'Name', 'none')],
    ['a subnet by tag', () => queries().tagged(PLACE, 'subnet', 'None', 'shop-private-a')],
  ])('says that %s is not there', async (_what, ask) => {
    await expect(ask()).rejects.toMatchObject(missing('PH-012'));
  });

  it('finds the zone of a domain by its bare id', async () => {
    const { value, secret } = await queries().hostedZone(PLACE, HELD.domain);
    expect(value).toMatch(/^Z[0-9A-Z]{20}$/);
    expect(secret).toBe(false);
  });

  it('finds the certificate of a domain in account and region', async () => {
    const { value } = await queries().certificate(PLACE, HELD.domain);
    expect(value).toMatch(/^arn:aws:acm:eu-west-1:111111111111:certificate\/[0-9a-f-]{36}$/);
  });

  it('finds the default VPC', async () => {
    expect(await queries().defaultVpc(PLACE)).toEqual({
      value: expect.stringMatching(/^vpc-[0-9a-f]{17}$/),
      secret: false,
    });
  });

  it.each(['vpc', 'subnet'] as const)('finds a %s by a tag', async (kind) => {
    const { value } = await queries().tagged(PLACE, kind, 'Name', HELD.tags[kind].Name);
    expect(value).toMatch(new RegExp(`^${kind}-[0-9a-f]{17}$`));
  });

  it('tells the account of the caller', async () => {
    expect(await queries().accountId(PLACE)).toEqual({ value: '111111111111', secret: false });
  });
}
