import { ACCOUNT, aNetwork, permission, SandboxRig, trust } from '../../../test/fakes/sandbox-rig.js';

/** Functions, what may call them and what feeds them; state machines. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });
const INVALID = 'InvalidParameterValueException';
const code = (text: string) => ({ assets: { 'index.js': { text } } });

async function aRole(action = 'logs:PutLogEvents', service = 'lambda.amazonaws.com') {
  const role = await rig.make('role', 'role', { assumeRolePolicy: trust(service) });
  await rig.make('rolePolicy', 'policy', { role: role.id, policy: permission(action) });
  return role;
}
const news = (role: { outputs: Record<string, unknown> }, changes: object = {}) => ({
  role: role.outputs.arn,
  runtime: 'nodejs22.x',
  handler: 'index.handler',
  code: code('1'),
  ...changes,
});

describe('functions', () => {
  it('have the shapes of Lambda, and change in place but for their name', async () => {
    const fn = await rig.make('fn', 'f', news(await aRole()));
    const arn = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${fn.id}`;
    expect(fn.outputs).toMatchObject({
      arn,
      invokeArn: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`,
      qualifiedArn: `${arn}:$LATEST`,
      version: '$LATEST',
      architectures: ['x86_64'],
      memorySize: 128,
      timeout: 3,
      loggingConfig: { logFormat: 'Text', logGroup: `/aws/lambda/${fn.id}` },
    });
    expect(fn.outputs.codeSha256).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    const changed = { ...fn.inputs, code: code('2'), memorySize: 256 };
    expect(await rig.diff(fn, changed)).toMatchObject({ changedKeys: ['code', 'memorySize'], replaces: [] });
    expect((await rig.update(fn, changed)).outputs.codeSha256).not.toBe(fn.outputs.codeSha256);
    expect((await rig.diff(fn, { ...fn.inputs, name: 'other' })).replaces).toEqual(['name']);
  });

  it('count their published versions, which aliases may name', async () => {
    const fn = await rig.make('fn', 'f', news(await aRole(), { publish: true }));
    expect(fn.outputs.version).toBe('1');
    const second = await rig.update(fn, { ...fn.inputs, code: code('2') });
    expect(second.outputs.version).toBe('2');
    const alias = { name: 'live', functionName: fn.id };
    await refused(rig.make('fnAlias', 'a', { ...alias, functionVersion: '3' }), 'ResourceNotFoundException', ':3');
    const live = await rig.make('fnAlias', 'a', { ...alias, functionVersion: '2' });
    expect(live.id).toBe(`${String(fn.outputs.arn)}:live`);
    await refused(rig.make('fnAlias', 'b', { ...alias, functionVersion: '1' }), 'ResourceConflictException');
  });

  it('need a role that trusts Lambda, a free name, a key and a bucket that exist', async () => {
    const role = await aRole();
    const stranger = await rig.make('role', 'ecs', { assumeRolePolicy: trust() });
    await refused(rig.make('fn', 'f', news(stranger)), INVALID, 'cannot be assumed by Lambda');
    const none = { outputs: { arn: `arn:aws:iam::${ACCOUNT}:role/none` } };
    await refused(rig.make('fn', 'f', news(none)), INVALID, 'cannot be assumed by Lambda');
    await rig.make('fn', 'f', news(role, { name: 'taken' }));
    await refused(rig.make('fn', 'g', news(role, { name: 'taken' })), 'ResourceConflictException', 'already exist');
    const kmsKeyArn = `arn:aws:kms:us-east-1:${ACCOUNT}:key/none`;
    await refused(rig.make('fn', 'g', news(role, { kmsKeyArn })), 'NotFoundException', kmsKeyArn);
    const fromBucket = { code: undefined, s3Bucket: 'none', s3Key: 'a.zip' };
    await refused(rig.make('fn', 'g', news(role, fromBucket)), INVALID, 'NoSuchBucket');
  });

  it('do not take what Lambda sets itself, nor more than 4 KB of environment', async () => {
    const role = await aRole();
    const env = (variables: object) => rig.make('fn', 'f', news(role, { environment: { variables } }));
    await refused(env({ AWS_REGION: 'x', OTHER: 'y' }), INVALID, 'Reserved keys used in this request: AWS_REGION');
    await refused(env({ BIG: 'x'.repeat(4096) }), INVALID, 'exceeded the 4KB limit');
  });

  it('leave a hundred executions for everybody else', async () => {
    const role = await aRole();
    await rig.make('fn', 'a', news(role, { reservedConcurrentExecutions: 800 }));
    await refused(
      rig.make('fn', 'b', news(role, { reservedConcurrentExecutions: 101 })),
      INVALID,
      'UnreservedConcurrentExecution below its minimum value of [100]',
    );
    await rig.make('fn', 'b', news(role, { reservedConcurrentExecutions: 100 }));
  });

  it('enter a VPC with the permission for it, and hold on to subnet and group', async () => {
    const { subnet, vpc } = await aNetwork(rig);
    const group = await rig.make('group', 'inside', { vpcId: vpc.id });
    const vpcConfig = { subnetIds: [subnet.id], securityGroupIds: [group.id] };
    const role = await aRole();
    await refused(rig.make('fn', 'f', news(role, { vpcConfig })), INVALID, 'CreateNetworkInterface on EC2');
    const policyArn = 'arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole';
    await rig.make('attachment', 'vpc', { role: role.id, policyArn });
    const fn = await rig.make('fn', 'f', news(role, { vpcConfig }));
    expect(fn.outputs.vpcConfig).toEqual({ ...vpcConfig, vpcId: vpc.id });
    await refused(rig.provider.delete(subnet), 'DependencyViolation');
    await refused(rig.provider.delete(group), 'DependencyViolation');
    const other = await rig.make('vpc', 'other', { cidrBlock: '10.9.0.0/16' });
    const foreign = await rig.make('group', 'foreign', { vpcId: other.id });
    const mixed = { vpcConfig: { ...vpcConfig, securityGroupIds: [foreign.id] } };
    await refused(rig.make('fn', 'g', news(role, mixed)), INVALID, 'one VPC');
  });

  it.each([
    ['fn', { runtime: 'nodejs22.x', handler: 'h' }, 'code: one of code, imageUri, s3Bucket'],
    ['fn', { code: {}, s3Bucket: 'b', s3Key: 'k', runtime: 'nodejs22.x', handler: 'h' }, 's3Bucket: only one of'],
    ['fn', { s3Bucket: 'b', runtime: 'nodejs22.x', handler: 'h' }, 's3Key: "s3Key" is required'],
    ['fn', { code: {}, runtime: 'nodejs22.x' }, 'handler: handler and runtime must be set'],
    ['fn', { code: {}, handler: 'h', runtime: 'nodejs12.x' }, 'runtime: expected one of'],
    ['fn', { code: {}, handler: 'h', runtime: 'nodejs22.x', timeout: 901 }, 'timeout: expected'],
    [
      'fnPermission',
      { function: 'f', action: 'sqs:SendMessage', principal: 'p' },
      'action: expected an action of lambda',
    ],
    ['layer', { layerName: 'l' }, 'code: one of code, s3Bucket'],
  ] as const)('%s %j: %s', async (type, given, expected) => {
    const role = `arn:aws:iam::${ACCOUNT}:role/r`;
    expect((await rig.failures(type, type === 'fn' ? { role, ...given } : given))[0]).toContain(expected);
  });
});

describe('what belongs to a function', () => {
  it('permissions are statements of the function, found by name and ARN, and go with it', async () => {
    const fn = await rig.make('fn', 'f', news(await aRole()));
    const allow = { action: 'lambda:InvokeFunction', principal: 'events.amazonaws.com', statementId: 'events' };
    const first = await rig.make('fnPermission', 'p', { ...allow, function: fn.id });
    expect(first.id).toBe('events');
    await refused(
      rig.make('fnPermission', 'q', { ...allow, function: fn.outputs.arn }),
      'ResourceConflictException',
      'The statement id (events) provided already exists',
    );
    await refused(rig.make('fnPermission', 'q', { ...allow, function: 'none' }), 'ResourceNotFoundException', 'none');
    const other = await rig.make('fn', 'g', { ...fn.inputs, name: 'other' });
    await rig.make('fnPermission', 'q', { ...allow, function: other.id }); // the same statement id, of another function
    await rig.provider.delete(fn);
    await rig.provider.delete(other);
    expect((await rig.inventory({ region: 'us-east-1' })).map(({ type }) => type)).toEqual([]);
  });

  it('layers get a number with every version', async () => {
    const layer = { layerName: 'common', code: code('1') };
    const one = await rig.make('layer', 'l', layer);
    expect(one).toMatchObject({
      id: `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:common:1`,
      outputs: { layerArn: `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:common`, version: '1' },
    });
    expect((await rig.make('layer', 'l', { ...layer, code: code('2') })).outputs.version).toBe('2');
  });

  describe('event source mappings', () => {
    async function given(visibilityTimeoutSeconds = 30, action = 'sqs:*') {
      const fn = await rig.make('fn', 'f', news(await aRole(action), { timeout: 30 }));
      const queue = await rig.make('queue', 'q', { name: 'tasks', visibilityTimeoutSeconds });
      return { functionName: fn.outputs.arn, eventSourceArn: queue.outputs.arn };
    }

    it('feed a function once from each queue', async () => {
      const source = await given();
      const mapping = await rig.make('mapping', 'm', source);
      expect(mapping.outputs).toMatchObject({ uuid: mapping.id, functionArn: source.functionName, state: 'Enabled' });
      await refused(rig.make('mapping', 'n', source), 'ResourceConflictException', `UUID ${mapping.id}`);
      expect((await rig.diff(mapping, { ...source, batchSize: 5 })).replaces).toEqual([]);
    });

    it('refuse a queue that shows messages too soon, a role that may not read, a batch that nobody gathers', async () => {
      await refused(rig.make('mapping', 'm', await given(29)), INVALID, 'visibility timeout: 29 seconds is less than');
      rig = new SandboxRig();
      await refused(rig.make('mapping', 'm', await given(30, 'sqs:SendMessage')), INVALID, 'ReceiveMessage on SQS');
      rig = new SandboxRig();
      const source = await given();
      await refused(
        rig.make('mapping', 'm', { ...source, batchSize: 11 }),
        INVALID,
        'window in seconds must be greater',
      );
      const none = `arn:aws:sqs:us-east-1:${ACCOUNT}:none`;
      await refused(rig.make('mapping', 'm', { ...source, eventSourceArn: none }), INVALID, 'NonExistentQueue');
    });
  });
});

describe('state machines', () => {
  const definition = (states: object, StartAt = 'A') => JSON.stringify({ StartAt, States: states });
  const one = definition({ A: { Type: 'Pass', End: true } });
  const aMachine = async (changes: object = {}, role = aRole('logs:CreateLogDelivery', 'states.amazonaws.com')) =>
    rig.make('stateMachine', 'm', { roleArn: (await role).outputs.arn, definition: one, ...changes });

  it('have the shapes of Step Functions, and one name each', async () => {
    const machine = await aMachine({ name: 'pipeline' });
    expect(machine).toMatchObject({
      id: `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:pipeline`,
      outputs: { status: 'ACTIVE', type: 'STANDARD', creationDate: '2026-01-15T10:00:00Z' },
    });
    await refused(
      rig.make('stateMachine', 'n', { ...machine.inputs, name: 'pipeline' }),
      'StateMachineAlreadyExists',
      ':pipeline',
    );
  });

  it.each([
    [{}, 'The required fields StartAt and States are missing', ''],
    [{ A: { Type: 'Pass', Next: 'B' } }, "Missing 'Next' target: B at /States/A", 'A'],
    [{ A: { Type: 'Pass', End: true, Catch: [{ Next: 'C' }] } }, "Missing 'Next' target: C", 'A'],
    [{ A: { Type: 'Pass' } }, "The field 'Next' or 'End' is required at /States/A", 'A'],
    [{ A: { Type: 'Fail' } }, "Missing 'Next' target: X at /StartAt", 'X'],
  ])('refuse the states %j', async (states, message, start) => {
    await refused(aMachine({ definition: definition(states, start) }), 'InvalidDefinition', message);
  });

  it('refuse roles that do not trust them or may not write the log', async () => {
    await refused(aMachine({}, aRole()), 'AccessDeniedException', 'states.amazonaws.com');
    rig = new SandboxRig();
    const group = await rig.make('logGroup', 'g', { name: '/aws/vendedlogs/states/m' });
    const loggingConfiguration = { level: 'ERROR', logDestination: `${String(group.outputs.arn)}:*` };
    const silent = aRole('sns:Publish', 'states.amazonaws.com');
    await refused(aMachine({ loggingConfiguration }, silent), 'AccessDeniedException', 'Log Destination');
  });
});
