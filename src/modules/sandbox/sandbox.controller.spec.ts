import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { aPlatformAdmin, aPrincipalWith, anAssignment, aPrincipal } from '../../../test/factories/principals.js';
import { ACCOUNT, aNetwork, SandboxRig, trust } from '../../../test/fakes/sandbox-rig.js';
import { SandboxCloud } from '../../../tools/sandbox-cloud/sandbox-cloud.js';
import { readConfig } from '../../shared/config/config.js';
import { AppExceptionFilter } from '../../shared/errors/exception.filter.js';
import { NotFound } from '../../shared/errors/app-error.js';
import { Access, type AccessTarget } from '../../shared/http/access.port.js';
import { EnvelopeInterceptor } from '../../shared/http/envelope.interceptor.js';
import { createAdapter } from '../../shared/http/http-server.js';
import type { Principal } from '../../shared/http/principal.js';
import { runInContext } from '../../shared/http/request-context.js';
import { RequestValidationPipe } from '../../shared/http/validation.pipe.js';
import { SandboxController } from './sandbox.controller.js';
import { SandboxService } from './sandbox.service.js';

/** Knows organizations by the assignments of the caller, like the real one. */
class MembersOnly extends Access {
  requireAnywhere(): void {}
  require(principal: Principal, _permission: string, { organization }: AccessTarget): void {
    const isMember = principal.assignments.some((a) => a.organization === organization || a.organization === '*');
    if (!isMember) throw new NotFound('Organization', organization ?? '');
  }
  may(): boolean {
    return true;
  }
  visible() {
    return {};
  }
}

let rig: SandboxRig;
let app: NestFastifyApplication;
let caller: Principal;

beforeEach(async () => {
  rig = new SandboxRig();
  caller = aPrincipalWith('admin');
  const config = readConfig({
    MONGODB_URI: 'mongodb://127.0.0.1/none',
    NODE_ENV: 'test',
    ENGINE: 'embedded',
    CLOUD: 'sandbox',
    JWT_SECRET: 'x'.repeat(40),
    ENCRYPTION_KEY: 'ab'.repeat(32),
    API_KEYS: 'test-key-0123456789',
  });
  const testing = await Test.createTestingModule({
    controllers: [SandboxController],
    providers: [
      SandboxService,
      { provide: SandboxCloud, useValue: rig.cloud },
      { provide: Access, useClass: MembersOnly },
    ],
  }).compile();
  app = testing.createNestApplication<NestFastifyApplication>(createAdapter(config), { logger: false });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preHandler', (_request, _reply, done) => {
      runInContext({ requestId: 'r', correlationId: 'r', startedAt: 0, principal: caller }, done);
    });
  app.useGlobalFilters(new AppExceptionFilter({ showStack: false }));
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalInterceptors(new EnvelopeInterceptor());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterEach(() => app.close());

async function call(method: 'GET' | 'PUT' | 'PATCH' | 'DELETE', path: string, payload?: object) {
  const response = await app.inject({ method, url: `/api/v1/sandbox${path}`, ...(payload && { payload }) });
  return { status: response.statusCode, body: response.json<{ data: never; code?: string; details?: never }>() };
}
const resources = `/accounts/${ACCOUNT}/resources`;

describe('inventory', () => {
  it('lists with exact filters and pages', async () => {
    await aNetwork(rig);
    await rig.make('role', 'task', { assumeRolePolicy: trust() }, { stack: 'D1-security-dev' });
    const all = await call('GET', `${resources}?limit=2`);
    expect(all.body.data).toMatchObject({ pagination: { total: 6, totalPages: 3, hasNext: true } });
    const count = async (query: string) =>
      ((await call('GET', `${resources}?${query}`)).body.data as { resources: object[] }).resources;
    expect(await count('region=us-east-1')).toHaveLength(5);
    expect(await count('stack=D1-security-dev')).toHaveLength(1);
    const [vpc] = await count('type=aws:ec2/vpc:Vpc');
    expect(Object.keys(vpc ?? {})).toEqual([
      'id',
      'arn',
      'type',
      'urn',
      'region',
      'properties',
      'createdAt',
      'updatedAt',
    ]);
    expect(vpc).toMatchObject({ region: 'us-east-1', createdAt: '2026-01-15T10:00:00.000Z' });
  });

  it.each([
    ['/accounts/12/resources', 'INVALID_ACCOUNT_ID'],
    [`${resources}?colour=red`, 'VALIDATION_UNKNOWN_FIELD'],
    [`${resources}?limit=1000`, 'VALIDATION_INVALID_FORMAT'],
  ])('refuses %s', async (path, code) => {
    expect(await call('GET', path)).toMatchObject({ status: 400, body: { code } });
  });

  it('shows an administrator only the own organization', async () => {
    await aNetwork(rig);
    caller = aPrincipalWith('admin', 'other');
    expect((await call('GET', resources)).body.data).toMatchObject({ resources: [] });
    expect((await call('GET', `${resources}?organization=acme`)).status).toBe(404);
    caller = aPlatformAdmin();
    expect(await call('GET', resources)).toMatchObject({ status: 400, body: { code: 'VALIDATION_REQUIRED_FIELD' } });
    expect((await call('GET', `${resources}?organization=acme`)).body.data).toMatchObject({ pagination: { total: 5 } });
    caller = aPrincipal({ assignments: [anAssignment({ organization: '*' }), anAssignment()] });
    expect((await call('GET', resources)).body.data).toMatchObject({ pagination: { total: 5 } });
  });
});

describe('drift by hand', () => {
  it('merges properties per key and lets resources vanish, by id or ARN', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16', tags: { a: '1' } });
    const changed = await call('PATCH', `${resources}/${vpc.id}`, { properties: { tags: { b: '2' } } });
    expect(changed).toMatchObject({
      status: 200,
      body: { data: { id: vpc.id, properties: { tags: { b: '2' }, cidrBlock: '10.0.0.0/16' } } },
    });
    const arn = encodeURIComponent(String(vpc.outputs.arn));
    expect((await call('DELETE', `${resources}/${arn}`)).status).toBe(200);
    expect(await call('DELETE', `${resources}/${arn}`)).toMatchObject({
      status: 404,
      body: { code: 'RESOURCE_NOT_FOUND' },
    });
    expect(await rig.inventory()).toEqual([]);
  });

  it('shows no sensitive value, neither in the inventory nor after a change', async () => {
    const secret = await rig.make('secret', 's', { name: 'key' });
    const version = await rig.make('secretVersion', 'v', { secretId: secret.id, secretString: 'hunter2' });
    const path = `${resources}/${encodeURIComponent(version.id)}`;
    const answers = [
      await call('GET', resources),
      await call('PATCH', path, { properties: { secretString: 'hunter3' } }),
      await call('DELETE', path),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(JSON.stringify(body)).toContain('"secretString":"***"');
      expect(JSON.stringify(body)).not.toContain('hunter');
    }
  });

  it('refuses properties that the type does not have or cannot hold', async () => {
    const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });
    expect(await call('PATCH', `${resources}/${vpc.id}`, { properties: { colour: 'red' } })).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_UNKNOWN_FIELD', details: [{ field: 'properties.colour' }] },
    });
    expect(await call('PATCH', `${resources}/${vpc.id}`, { properties: { enableDnsSupport: 'x' } })).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_INVALID_FORMAT' },
    });
    expect((await call('PATCH', `${resources}/${vpc.id}`, {})).body.code).toBe('VALIDATION_REQUIRED_FIELD');
  });

  it('asks for type or region where an id is not enough', async () => {
    await rig.make('role', 'a', { name: 'same', assumeRolePolicy: trust() });
    await rig.make('logGroup', 'b', { name: 'same' });
    expect(await call('DELETE', `${resources}/same`)).toMatchObject({
      status: 409,
      body: { code: 'RESOURCE_CONFLICT' },
    });
    expect((await call('DELETE', `${resources}/same?region=global`)).body.data).toMatchObject({
      type: 'aws:iam/role:Role',
    });
  });
});

describe('settings', () => {
  it('keeps faults as they were sent, with defaults', async () => {
    const rule = { match: { name: 'nat-0' }, operation: 'create', error: { code: 'X', message: 'no' } };
    const stored = { ...rule, nth: 1, times: 1, error: { ...rule.error, retryable: false } };
    expect((await call('PUT', '/faults', { rules: [rule] })).body.data).toEqual({ rules: [stored] });
    expect((await call('GET', '/faults')).body.data).toEqual({ rules: [stored] });
    const bad = await call('PUT', '/faults', { rules: [rule, { match: {}, operation: 'x', hang: true }] });
    expect(bad).toMatchObject({ status: 422, body: { code: 'SANDBOX_RULE_INVALID' } });
    expect(bad.body.details).toEqual({
      rules: [null, { index: 1, messages: ['operation must be one of create, update, delete, read, invoke'] }],
    });
    expect((await call('PUT', '/faults', {})).body.code).toBe('VALIDATION_REQUIRED_FIELD');
    expect((await call('GET', '/faults')).body.data).toEqual({ rules: [stored] });
  });

  it('sets the speed from 0 to 10', async () => {
    expect((await call('GET', '/speed')).body.data).toEqual({ factor: 0 });
    expect((await call('PUT', '/speed', { factor: 0.5 })).body.data).toEqual({ factor: 0.5 });
    expect((await call('GET', '/speed')).body.data).toEqual({ factor: 0.5 });
    for (const factor of [-1, 10.1, '1', null]) expect((await call('PUT', '/speed', { factor })).status).toBe(400);
  });

  it('takes parameters and shows no secret again', async () => {
    const body = { ssm: { '/a': 'x', '/b': ['y'] }, secrets: { s: 'hidden' } };
    const answer = await call('PUT', '/parameters', body);
    expect(answer.body.data).toEqual({ ssm: body.ssm, secrets: { s: '***' } });
    expect(await rig.cloud.parameters('acme')).toEqual(body);
    expect(await call('PUT', '/parameters', { ssm: { '/a': 1 } })).toMatchObject({
      status: 400,
      body: { details: [{ field: 'ssm./a' }] },
    });
    expect((await call('PUT', '/parameters', { ssn: {} })).body.code).toBe('VALIDATION_UNKNOWN_FIELD');
  });
});
