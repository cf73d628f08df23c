import { randomBytes } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { SandboxRepository } from '../../src/modules/sandbox/sandbox.repository.js';
import {
  SANDBOX_COUNTERS,
  SANDBOX_RESOURCES,
  SANDBOX_SETTINGS,
  type SandboxCounterRecord,
  sandboxCounterSchema,
  type SandboxResourceRecord,
  sandboxResourceSchema,
  type SandboxSettingsRecord,
  sandboxSettingsSchema,
} from '../../src/modules/sandbox/sandbox.schema.js';
import { SecretBox } from '../../src/shared/kernel/secret-box.js';
import type { AccountStore, CloudResource } from '../../tools/sandbox-cloud/account-store.port.js';
import { MemoryAccountStore } from '../../tools/sandbox-cloud/memory.account-store.js';

const SCOPE = { organization: 'acme', account: '123456789012' };
let count = 0;

function aResource(id: string, changes: Partial<CloudResource> = {}): CloudResource {
  const at = new Date(Date.UTC(2026, 0, 1) + count++ * 1000);
  const type = changes.type ?? 'aws:ec2/vpc:Vpc';
  const key = `us-east-1|${type}|${id}`;
  return {
    ...SCOPE,
    key,
    type,
    id,
    arn: `arn:aws:ec2:us-east-1:123456789012:vpc/${id}`,
    urn: `urn:pulumi:D1-network-dev::shop::${type}::${id}`,
    stack: 'D1-network-dev',
    region: 'us-east-1',
    token: `token-${id}`,
    seed: id,
    inputs: { tags: { 'kubernetes.io/role/elb': '1' } },
    properties: { tags: { 'kubernetes.io/role/elb': '1' }, $odd: null, list: [{ a: 1 }] },
    drifted: [],
    refs: [],
    revision: 1,
    createdAt: at,
    updatedAt: at,
    ...changes,
    claims: [key, ...(changes.claims ?? [])],
  };
}

let connection: Connection | undefined;

async function storedInDatabase(): Promise<AccountStore> {
  const uri = process.env.MONGODB_URI ?? '';
  connection ??= await mongoose
    .createConnection(uri, { dbName: `sandbox_${randomBytes(6).toString('hex')}`, autoIndex: false, autoCreate: false })
    .asPromise();
  const db = connection;
  await Promise.all(Object.values(db.collections).map((collection) => collection.deleteMany({})));
  const repository = new SandboxRepository(
    db.models[SANDBOX_RESOURCES] ?? db.model<SandboxResourceRecord>(SANDBOX_RESOURCES, sandboxResourceSchema),
    db.models[SANDBOX_SETTINGS] ?? db.model<SandboxSettingsRecord>(SANDBOX_SETTINGS, sandboxSettingsSchema),
    db.models[SANDBOX_COUNTERS] ?? db.model<SandboxCounterRecord>(SANDBOX_COUNTERS, sandboxCounterSchema),
    new SecretBox(Buffer.alloc(32, 7)),
  );
  await repository.prepare();
  return repository;
}

afterAll(async () => {
  await connection?.dropDatabase();
  await connection?.close();
});

describe.each([
  ['in memory', (): Promise<AccountStore> => Promise.resolve(new MemoryAccountStore())],
  ['in the database', storedInDatabase],
])('AccountStore %s', (_name, open) => {
  let store: AccountStore;
  beforeEach(async () => {
    store = await open();
  });

  it('gives back what was stored, odd keys included', async () => {
    const vpc = aResource('vpc-1', { drifted: ['tags'], refs: ['x'] });
    expect(await store.insert(vpc)).toBe(true);
    expect(await store.findByClaims(SCOPE, [vpc.key, 'other'])).toEqual([vpc]);
  });

  it('lets a claim be held once in an account, by insert and by replace', async () => {
    await store.insert(aResource('vpc-1', { claims: ['name|a'] }));
    expect(await store.insert(aResource('vpc-1'))).toBe(false);
    expect(await store.insert(aResource('vpc-2', { claims: ['name|z', 'name|a'] }))).toBe(false);
    const third = aResource('vpc-3', { claims: ['name|b'] });
    await store.insert(third);
    expect(await store.replace({ ...third, claims: [third.key, 'name|a'], revision: 2 })).toBe('taken');
    expect(await store.insert(aResource('vpc-1', { account: '210987654321', claims: ['name|a'] }))).toBe(true);
    expect(await store.insert(aResource('vpc-1', { organization: 'other', claims: ['name|a'] }))).toBe(true);
    expect(await store.count(SCOPE, {})).toBe(2);
  });

  it('lets exactly one of many inserts of one claim through', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) => store.insert(aResource(`vpc-${i}`, { claims: ['name|same'] }))),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
  });

  it('replaces the expected revision only', async () => {
    const vpc = aResource('vpc-1', { claims: ['name|a'] });
    await store.insert(vpc);
    const second = { ...vpc, properties: { changed: true }, claims: [vpc.key, 'name|b'], revision: 2 };
    expect(await store.replace(second)).toBe('replaced');
    expect(await store.replace(second)).toBe('stale');
    expect(await store.findByClaims(SCOPE, ['name|a'])).toEqual([]);
    expect(await store.findByClaims(SCOPE, ['name|b'])).toEqual([second]);
    await store.remove(SCOPE, vpc.key);
    expect(await store.replace({ ...second, revision: 3 })).toBe('stale');
  });

  it('removes once', async () => {
    const vpc = aResource('vpc-1');
    await store.insert(vpc);
    expect(await store.remove({ ...SCOPE, organization: 'other' }, vpc.key)).toBe(false);
    expect(await store.remove(SCOPE, vpc.key)).toBe(true);
    expect(await store.remove(SCOPE, vpc.key)).toBe(false);
  });

  it('finds and counts by equal fields and references, oldest first, in pages', async () => {
    await store.insert(aResource('a', { refs: ['vpc|1'] }));
    await store.insert(aResource('b', { region: 'eu-west-1', refs: ['vpc|1', 'sg|2'] }));
    await store.insert(aResource('c', { type: 'aws:ec2/eip:Eip', stack: 'D1-dns-dev' }));
    const ids = async (...args: Parameters<AccountStore['find']>) => (await store.find(...args)).map(({ id }) => id);
    expect(await ids(SCOPE, {})).toEqual(['a', 'b', 'c']);
    expect(await ids(SCOPE, {}, { skip: 1, limit: 1 })).toEqual(['b']);
    expect(await ids(SCOPE, { region: 'eu-west-1' })).toEqual(['b']);
    expect(await ids(SCOPE, { type: 'aws:ec2/eip:Eip', stack: 'D1-dns-dev' })).toEqual(['c']);
    expect(await ids(SCOPE, { ref: 'vpc|1' })).toEqual(['a', 'b']);
    expect(await ids(SCOPE, { ref: ['sg|2', 'none'] })).toEqual(['b']);
    expect(await ids({ ...SCOPE, account: '210987654321' }, {})).toEqual([]);
    expect(await store.count(SCOPE, { region: 'us-east-1' })).toBe(2);
    expect(await store.count(SCOPE, { urn: 'urn:pulumi:D1-network-dev::shop::aws:ec2/vpc:Vpc::a', id: 'a' })).toBe(1);
    expect(await store.count(SCOPE, { region: undefined })).toBe(3);
  });

  it('counts creations per URN and organization without gaps', async () => {
    expect(await store.creations('acme', 'urn:a')).toBe(0);
    const numbers = await Promise.all(Array.from({ length: 6 }, () => store.nextCreation('acme', 'urn:a')));
    expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await store.creations('acme', 'urn:a')).toBe(6);
    expect(await store.nextCreation('other', 'urn:a')).toBe(1);
  });

  it('keeps parameters, faults and speed apart per organization', async () => {
    expect(await store.settings('acme')).toEqual({
      parameters: { ssm: {}, secrets: {} },
      faults: [],
      faultsRevision: 0,
    });
    const rule = { match: { name: 'vpc' }, operation: 'create', nth: 1, times: 2, hang: true } as const;
    const parameters = { ssm: { '/a.b': ['x', 'y'] }, secrets: { 'a/b': 'text' } };
    await store.saveParameters('acme', parameters);
    await store.saveFaults('acme', [rule]);
    await store.saveSpeed('acme', 0);
    expect(await store.settings('acme')).toEqual({ parameters, faults: [rule], faultsRevision: 1, speed: 0 });
    expect((await store.settings('other')).faults).toEqual([]);
  });

  it('counts the matches of a rule anew with every list', async () => {
    await store.saveFaults('acme', []);
    expect([await store.countMatch('acme', 1, 0), await store.countMatch('acme', 1, 0)]).toEqual([1, 2]);
    expect(await store.countMatch('acme', 1, 1)).toBe(1);
    await store.saveFaults('acme', []);
    const { faultsRevision } = await store.settings('acme');
    expect(await store.countMatch('acme', faultsRevision, 0)).toBe(1);
  });
});

describe('SandboxRepository', () => {
  it('never stores a property or a secret in clear', async () => {
    const store = await storedInDatabase();
    await store.insert(aResource('vpc-1', { inputs: { password: 'canary-1' }, properties: { password: 'canary-1' } }));
    await store.saveParameters('acme', { ssm: {}, secrets: { key: 'canary-2' } });
    const documents = await Promise.all(
      Object.values(connection?.collections ?? {}).map((collection) => collection.find({}).toArray()),
    );
    expect(JSON.stringify(documents)).not.toContain('canary');
    expect(documents.flat()).toHaveLength(2);
  });

  it.each([
    ['claims', { claims: { $in: ['x'] } }],
    ['refs', { refs: { $in: ['x'] } }],
    ['urn', { urn: 'x' }],
    ['type', { type: 'x' }],
  ])('looks up by %s through an index', async (_name, filter) => {
    await storedInDatabase();
    const plan = await connection
      ?.collection(SANDBOX_RESOURCES)
      .find({ ...SCOPE, ...filter })
      .explain();
    expect(JSON.stringify(plan)).not.toMatch(/COLLSCAN|"Seq Scan"/);
  });
});
