import { ACCOUNT, permission, SandboxRig, trust, TYPES } from '../../../test/fakes/sandbox-rig.js';

/** What AWS refuses, and how, in IAM, KMS, CloudWatch Logs, Route 53 and ACM. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });

describe('IAM', () => {
  it('makes roles with the shapes of AWS', async () => {
    const role = await rig.make('role', 'task', { assumeRolePolicy: trust(), path: '/team/' });
    expect(role.id).toBe(role.inputs.name);
    expect(role.outputs).toMatchObject({
      arn: `arn:aws:iam::${ACCOUNT}:role/team/${role.id}`,
      createDate: '2026-01-15T10:00:00Z',
      maxSessionDuration: 3600,
    });
    expect(role.outputs.uniqueId).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(role.outputs).not.toHaveProperty('region');
    expect((await rig.inventory({ region: 'global' })).map(({ id }) => id)).toEqual([role.id]);
  });

  it('keeps role names unique in the account whatever their case', async () => {
    await rig.make('role', 'a', { name: 'Task', assumeRolePolicy: trust() });
    for (const name of ['Task', 'task']) {
      const again = rig.make('role', 'b', { name, assumeRolePolicy: trust() });
      await refused(again, 'EntityAlreadyExists', `Role with name ${name} already exists.`);
    }
  });

  it('needs the role under policies and attachments, and deletes it after them', async () => {
    await refused(
      rig.make('rolePolicy', 'p', { role: 'none', policy: permission() }),
      'NoSuchEntity',
      'The role with name none',
    );
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust() });
    const policy = await rig.make('rolePolicy', 'p', { role: role.id, policy: permission() });
    await refused(rig.provider.delete(role), 'DeleteConflict', 'must delete policies first');
    await rig.provider.delete(policy);
    const policyArn = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';
    const attachment = await rig.make('attachment', 'a', { role: role.outputs.name, policyArn });
    await refused(rig.provider.delete(role), 'DeleteConflict', 'must detach all policies first');
    await rig.provider.delete(attachment);
    await rig.provider.delete(role);
    expect(await rig.inventory()).toEqual([]);
  });

  it('detaches by force where the role says so', async () => {
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust(), forceDetachPolicies: true });
    await rig.make('rolePolicy', 'p', { role: role.id, policy: permission() });
    await rig.provider.delete(role);
    expect(await rig.inventory()).toEqual([]);
  });

  it('puts and attaches again what is there already', async () => {
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust() });
    await rig.make('rolePolicy', 'p1', { name: 'same', role: role.id, policy: permission() });
    await rig.make('rolePolicy', 'p2', { name: 'same', role: role.id, policy: permission('s3:GetObject') });
    const policyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
    await rig.make('attachment', 'a1', { role: role.id, policyArn });
    await rig.make('attachment', 'a2', { role: role.id, policyArn });
    expect((await rig.inventory()).map(({ urn }) => urn.split('::').pop()).sort()).toEqual(['a2', 'p2', 'r']);
  });

  it('refuses malformed documents, foreign policies and more than a role can hold', async () => {
    const bad = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole' }] });
    await refused(rig.make('role', 'r', { assumeRolePolicy: bad }), 'MalformedPolicyDocument');
    const role = await rig.make('role', 'r', { assumeRolePolicy: trust() });
    await refused(rig.make('rolePolicy', 'p', { role: role.id, policy: '{}' }), 'MalformedPolicyDocument');
    const policyArn = `arn:aws:iam::${ACCOUNT}:policy/mine`;
    await refused(rig.make('attachment', 'a', { role: role.id, policyArn }), 'NoSuchEntity', policyArn);
    const large = permission('logs:PutLogEvents'.padEnd(6000, 'x'));
    await rig.make('rolePolicy', 'big', { role: role.id, policy: large });
    await refused(
      rig.make('rolePolicy', 'more', { role: role.id, policy: large }),
      'LimitExceeded',
      'Maximum policy size',
    );
    const attach = (i: number) =>
      rig.make('attachment', `a${i}`, { role: role.id, policyArn: `arn:aws:iam::aws:policy/P${i}` });
    for (let i = 0; i < 10; i++) await attach(i);
    await refused(attach(10), 'LimitExceeded', 'PoliciesPerRole: 10');
  });
});

describe('KMS', () => {
  const administered = (principal: string): string =>
    JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:*', Resource: '*' }] });

  it('makes keys and aliases, and deleting a key leaves nothing', async () => {
    const key = await rig.make('key', 'k', { policy: administered(`arn:aws:iam::${ACCOUNT}:root`) });
    expect(key.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(key.outputs).toMatchObject({ keyId: key.id, arn: `arn:aws:kms:us-east-1:${ACCOUNT}:key/${key.id}` });
    for (const [name, targetKeyId] of Object.entries({ one: key.id, two: key.outputs.arn })) {
      const alias = await rig.make('alias', name, { name: `alias/${name}`, targetKeyId });
      expect(alias.outputs).toMatchObject({
        arn: `arn:aws:kms:us-east-1:${ACCOUNT}:alias/${name}`,
        targetKeyArn: key.outputs.arn,
      });
    }
    await rig.provider.delete(key);
    expect(await rig.inventory()).toEqual([]);
  });

  it('refuses missing keys, doubled aliases and policies that shut everybody out', async () => {
    const target = { targetKeyId: '11111111-1111-4111-8111-111111111111' };
    await refused(rig.make('alias', 'a', target), 'NotFoundException', target.targetKeyId);
    const key = await rig.make('key', 'k', {});
    await rig.make('alias', 'a', { name: 'alias/x', targetKeyId: key.id });
    await refused(
      rig.make('alias', 'b', { name: 'alias/x', targetKeyId: key.id }),
      'AlreadyExistsException',
      ':alias/x already exists',
    );
    const locked = administered('arn:aws:iam::999999999999:root');
    await refused(rig.make('key', 'k2', { policy: locked }), 'MalformedPolicyDocumentException', 'in the future');
    await expect(
      rig.make('key', 'k3', { policy: locked, bypassPolicyLockoutSafetyCheck: true }),
    ).resolves.toBeDefined();
    await refused(rig.make('key', 'k4', { policy: '{"Statement":[{}]}' }), 'MalformedPolicyDocumentException');
  });

  it.each([
    ['key', { deletionWindowInDays: 6 }, 'deletionWindowInDays: expected to be in the range (7 - 30), got 6'],
    ['key', { customerMasterKeySpec: 'RSA_2048', enableKeyRotation: true }, 'enableKeyRotation: only symmetric'],
    ['alias', { name: 'mine', targetKeyId: 'k' }, 'name: expected alias/'],
    ['alias', { name: 'alias/aws/s3', targetKeyId: 'k' }, 'name: expected alias/'],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    expect((await rig.failures(type, news))[0]).toContain(expected);
  });
});

describe('CloudWatch Logs', () => {
  it('keeps names unique, knows its key and can be left behind', async () => {
    const missing = `arn:aws:kms:us-east-1:${ACCOUNT}:key/none`;
    await refused(rig.make('logGroup', 'l', { kmsKeyId: missing }), 'InvalidParameterException', missing);
    const key = await rig.make('key', 'k', {});
    const group = await rig.make('logGroup', 'l', { name: '/app', kmsKeyId: key.outputs.arn });
    expect(group).toMatchObject({
      id: '/app',
      outputs: { arn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/app`, retentionInDays: 0 },
    });
    await refused(rig.make('logGroup', 'l2', { name: '/app' }), 'ResourceAlreadyExistsException');
    const kept = await rig.make('logGroup', 'kept', { name: '/kept', skipDestroy: true });
    await rig.provider.delete(kept);
    expect((await rig.inventory({ type: TYPES.logGroup })).map(({ id }) => id)).toContain('/kept');
  });

  it.each([
    [{ name: 'a b' }, 'name: expected 1 to 512'],
    [{ retentionInDays: 8 }, 'retentionInDays: expected one of 0, 1, 3'],
  ])('%j: %s', async (news, expected) => {
    expect((await rig.failures('logGroup', news))[0]).toContain(expected);
  });
});

describe('Route 53 and ACM', () => {
  const aZone = (forceDestroy = false) => rig.make('zone', 'zone', { name: 'dev.example.com', forceDestroy });
  const txt = (zone: { id: string }, name: string, changes: object = {}) => ({
    zoneId: zone.id,
    name,
    type: 'TXT',
    ttl: 60,
    records: ['"x"'],
    ...changes,
  });

  it('gives a zone an id and four servers', async () => {
    const zone = await rig.make('zone', 'zone', { name: 'Dev.Example.com.' });
    expect(zone.id).toMatch(/^Z[A-Z0-9]{20}$/);
    expect(zone.outputs).toMatchObject({
      zoneId: zone.id,
      name: 'dev.example.com',
      arn: `arn:aws:route53:::hostedzone/${zone.id}`,
      comment: 'Managed by Pulumi',
    });
    const servers = zone.outputs.nameServers as string[];
    expect(servers.map((server) => server.replace(/^ns-\d+\.awsdns-\d\d\./, ''))).toEqual(
      expect.arrayContaining(['com', 'net', 'org', 'co.uk']),
    );
    expect(zone.outputs.primaryNameServer).toBe(servers[0]);
  });

  it('keeps a zone with records unless it is forced', async () => {
    const zone = await aZone();
    const record = await rig.make('record', 'r', txt(zone, 'dev.example.com'));
    await refused(rig.provider.delete(zone), 'HostedZoneNotEmpty', 'non-required resource record sets');
    await rig.provider.delete(record);
    await rig.provider.delete(zone);
    const forced = await aZone(true);
    await rig.make('record', 'r', txt(forced, 'dev.example.com'));
    await rig.provider.delete(forced);
    expect(await rig.inventory()).toEqual([]);
  });

  it('names records as Route 53 does, inside their zone', async () => {
    const zone = await aZone();
    const relative = await rig.make('record', 'a', txt(zone, 'app'));
    expect(relative).toMatchObject({ id: `${zone.id}_app_TXT`, outputs: { fqdn: 'app.dev.example.com' } });
    await refused(
      rig.make('record', 'b', txt(zone, 'app.dev.example.com')),
      'InvalidChangeBatch',
      "[Tried to create resource record set [name='app.dev.example.com.', type='TXT'] but it already exists]",
    );
    await rig.make('record', 'c', txt(zone, 'app.dev.example.com', { allowOverwrite: true }));
    expect((await rig.inventory({ type: TYPES.record })).map(({ urn }) => urn.split('::').pop())).toEqual(['c']);
    await refused(
      rig.make('record', 'd', txt({ id: 'ZNONE' }, 'x')),
      'NoSuchHostedZone',
      'No hosted zone found with ID: ZNONE',
    );
  });

  it.each([
    ['CNAME at the apex', 'dev.example.com', { type: 'CNAME', records: ['x.example.com'] }, 'not permitted at apex'],
    ['a second NS at the apex', 'dev.example.com', { type: 'NS', records: ['ns.example.com'] }, 'already exists'],
    ['CNAME beside another type', 'app', { type: 'CNAME', records: ['x.example.com'] }, 'conflicts with other records'],
    [
      'CAA without quotes',
      'dev.example.com',
      { type: 'CAA', records: ['0 issue amazon.com'] },
      'CAARDATAValueNotQuoted',
    ],
  ])('refuses %s', async (_case, name, changes, message) => {
    const zone = await aZone();
    await rig.make('record', 'first', txt(zone, 'app'));
    await refused(rig.make('record', 'second', txt(zone, name, changes)), 'InvalidChangeBatch', message);
  });

  it('issues a certificate once its record can be seen', async () => {
    const zone = await aZone();
    const certificate = await rig.make('certificate', 'c', {
      domainName: 'dev.example.com',
      subjectAlternativeNames: ['*.dev.example.com'],
      validationMethod: 'DNS',
    });
    expect(certificate.outputs).toMatchObject({
      status: 'PENDING_VALIDATION',
      type: 'AMAZON_ISSUED',
      arn: certificate.id,
    });
    const proofs = certificate.outputs.domainValidationOptions as Record<string, string>[];
    expect(proofs.map(({ domainName }) => domainName)).toEqual(['dev.example.com', '*.dev.example.com']);
    const [proof, wildcard] = proofs as [Record<string, string>, Record<string, string>];
    expect(proof.resourceRecordName).toMatch(/^_[0-9a-f]{32}\.dev\.example\.com\.$/);
    expect(proof.resourceRecordValue).toMatch(/^_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.$/);
    expect(wildcard.resourceRecordName).toBe(proof.resourceRecordName);

    const wait = { certificateArn: certificate.outputs.arn };
    await refused(rig.make('validation', 'v', wait), 'TimeoutError', "last state: 'PENDING_VALIDATION'");
    const record = await rig.make('record', 'proof', {
      zoneId: zone.id,
      name: proof.resourceRecordName,
      type: 'CNAME',
      ttl: 60,
      records: [proof.resourceRecordValue],
      allowOverwrite: true,
    });
    await refused(
      rig.make('validation', 'v', { ...wait, validationRecordFqdns: ['other.example.com'] }),
      'ValidationException',
    );
    const validation = await rig.make('validation', 'v', { ...wait, validationRecordFqdns: [record.outputs.fqdn] });
    expect((await rig.provider.read(certificate))?.outputs).toMatchObject({
      status: 'ISSUED',
      notBefore: '2026-01-15T00:00:00Z',
      notAfter: '2027-02-14T00:00:00Z',
    });
    expect((await rig.update(certificate, { ...certificate.inputs, tags: { a: 'b' } })).outputs.status).toBe('ISSUED');
    for (const made of [validation, record, certificate, zone]) await rig.provider.delete(made);
    expect(await rig.inventory()).toEqual([]);
  });

  it('waits for no certificate that is not there', async () => {
    const certificateArn = `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/none`;
    await refused(rig.make('validation', 'v', { certificateArn }), 'ResourceNotFoundException', certificateArn);
  });

  it('makes health checks', async () => {
    const check = await rig.make('healthCheck', 'h', {
      type: 'HTTPS',
      fqdn: 'dev.example.com',
      port: 443,
      requestInterval: 30,
    });
    expect(check.outputs).toMatchObject({
      arn: `arn:aws:route53:::healthcheck/${check.id}`,
      enableSni: true,
      failureThreshold: 3,
    });
    expect((await rig.diff(check, { ...check.inputs, requestInterval: 10 })).replaces).toEqual(['requestInterval']);
  });

  it.each([
    ['zone', { name: 'not a name' }, 'name: "not a name" is not a valid domain name'],
    ['record', { zoneId: 'Z', name: 'a', type: 'TXT' }, 'records: one of records, aliases'],
    ['record', { zoneId: 'Z', name: 'a', type: 'TXT', records: ['x'] }, 'ttl: "ttl" is required'],
    ['record', { zoneId: 'Z', name: 'a', type: 'WRONG', ttl: 1, records: ['x'] }, 'type: expected one of A, AAAA'],
    [
      'record',
      { zoneId: 'Z', name: 'a', type: 'A', ttl: 1, records: ['x'], weightedRoutingPolicies: [{ weight: 1 }] },
      'setIdentifier',
    ],
    ['healthCheck', { type: 'HTTPS' }, 'fqdn: one of fqdn, ipAddress'],
    ['healthCheck', { type: 'TCP', fqdn: 'a.b', regions: ['us-east-1'] }, 'regions: at least 3 regions'],
    ['healthCheck', { type: 'TCP', fqdn: 'a.b', regions: ['mars'] }, 'regions: "mars" has no health checkers'],
    ['certificate', { validationMethod: 'DNS' }, 'domainName: one of domainName'],
    ['certificate', { domainName: 'a.example.com' }, 'validationMethod: "validationMethod" is required'],
    ['certificate', { domainName: 'example', validationMethod: 'DNS' }, 'domainName: expected a domain name'],
    ['certificate', { certificateBody: 'x' }, 'privateKey: "privateKey" is required'],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    const failures = await rig.failures(type, news);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain(expected);
  });
});

describe('functions', () => {
  const invoke = (token: string, args: object = {}) => rig.provider.invoke({ token, args: { ...args } });

  it('answers from the account and region of the stack', async () => {
    const zones = await invoke('aws:index/getAvailabilityZones:getAvailabilityZones', { state: 'available' });
    expect(zones.result).toMatchObject({
      names: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
      zoneIds: ['use1-az1', 'use1-az2', 'use1-az3'],
    });
    expect((await invoke('aws:index/getCallerIdentity:getCallerIdentity')).result).toMatchObject({
      accountId: ACCOUNT,
    });
    expect((await invoke('aws:index/getRegion:getRegion')).result).toMatchObject({ region: 'us-east-1' });
    expect((await invoke('aws:index/getPartition:getPartition')).result).toMatchObject({ partition: 'aws' });
  });

  it('finds a zone by id or name', async () => {
    const token = 'aws:route53/getZone:getZone';
    await refused(invoke(token, { zoneId: 'ZNONE' }), 'NoSuchHostedZone', 'ZNONE');
    const zone = await rig.make('zone', 'zone', { name: 'example.com' });
    for (const args of [{ zoneId: zone.id }, { name: 'example.com.' }]) {
      expect((await invoke(token, args)).result).toMatchObject({
        zoneId: zone.id,
        name: 'example.com',
        nameServers: zone.outputs.nameServers,
        resourceRecordSetCount: 2,
      });
    }
    await rig.make('zone', 'second', { name: 'example.com' });
    await refused(invoke(token, { name: 'example.com' }), 'AmbiguousHostedZone');
  });

  it('names functions and arguments it does not know', async () => {
    await refused(
      invoke('aws:ec2/getSpotPrice:getSpotPrice'),
      'UnsupportedInvoke',
      'aws:ec2/getSpotPrice:getSpotPrice',
    );
    const { failures } = await invoke('aws:index/getRegion:getRegion', { planet: 'earth' });
    expect(failures).toEqual([{ property: 'planet', reason: expect.stringContaining('"planet"') as string }]);
  });
});
