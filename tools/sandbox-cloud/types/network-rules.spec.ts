import { ACCOUNT, aNetwork, permission, SandboxRig, trust, TYPES } from '../../../test/fakes/sandbox-rig.js';

/** What AWS refuses, and how, in EC2: scenario → code and part of the message. */
let rig: SandboxRig;
beforeEach(() => {
  rig = new SandboxRig();
});

const refused = (work: Promise<unknown>, code: string, message = ''): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'CloudError', code, message: expect.stringContaining(message) as string });

describe('references', () => {
  it.each([
    [
      'subnet',
      { vpcId: 'vpc-0', cidrBlock: '10.0.1.0/24' },
      'InvalidVpcID.NotFound',
      "The vpc ID 'vpc-0' does not exist",
    ],
    ['gateway', { vpcId: 'vpc-0' }, 'InvalidVpcID.NotFound', ''],
    ['defaultGroup', { vpcId: 'vpc-0' }, 'InvalidVpcID.NotFound', ''],
    ['group', { vpcId: 'vpc-0' }, 'InvalidVpcID.NotFound', ''],
    ['routeTable', { vpcId: 'vpc-0' }, 'InvalidVpcID.NotFound', ''],
    ['routeAssociation', { routeTableId: 'rtb-0', subnetId: 's' }, 'InvalidRouteTableID.NotFound', ''],
    [
      'nat',
      { subnetId: 'subnet-0', allocationId: 'e' },
      'InvalidSubnetID.NotFound',
      "The subnet ID 'subnet-0' does not exist",
    ],
    [
      'ingress',
      { securityGroupId: 'sg-0', cidrIpv4: '10.0.0.0/8', ipProtocol: '-1' },
      'InvalidGroup.NotFound',
      "'sg-0'",
    ],
    ['endpoint', { vpcId: 'vpc-0', serviceName: 'com.amazonaws.us-east-1.s3' }, 'InvalidVpcID.NotFound', ''],
  ] as const)('%s %j needs its target', async (type, news, code, message) => {
    await refused(rig.make(type, 'x', news), code, message);
    expect(await rig.inventory()).toEqual([]);
  });

  it('names each missing part of a route, a NAT gateway and a flow log', async () => {
    const { vpc, subnet, table } = await aNetwork(rig);
    const route = { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0' };
    await refused(rig.make('route', 'r', { ...route, gatewayId: 'igw-0' }), 'InvalidGatewayID.NotFound', 'igw-0');
    await refused(rig.make('route', 'r', { ...route, natGatewayId: 'nat-0' }), 'InvalidNatGatewayID.NotFound', 'nat-0');
    await refused(
      rig.make('nat', 'n', { subnetId: subnet.id, allocationId: 'eipalloc-0' }),
      'InvalidAllocationID.NotFound',
      "The allocation ID 'eipalloc-0' does not exist",
    );
    const log = {
      vpcId: vpc.id,
      trafficType: 'ALL',
      iamRoleArn: `arn:aws:iam::${ACCOUNT}:role/none`,
      logDestination: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/none`,
    };
    await refused(rig.make('flowLog', 'f', log), 'InvalidParameter', 'given IAM role');
    const role = await rig.make('role', 'role', { assumeRolePolicy: trust() });
    await refused(rig.make('flowLog', 'f', { ...log, iamRoleArn: role.outputs.arn }), 'ResourceNotFoundException');
  });

  it('takes the default group and the main route table of a VPC as existing', async () => {
    const { vpc, subnet } = await aNetwork(rig);
    const { defaultSecurityGroupId, mainRouteTableId } = vpc.outputs;
    await rig.make('routeAssociation', 'a', { routeTableId: mainRouteTableId, subnetId: subnet.id });
    const adopted = await rig.make('defaultGroup', 'd', { vpcId: vpc.id });
    expect(adopted).toMatchObject({
      id: defaultSecurityGroupId,
      outputs: { name: 'default', ingress: [], egress: [] },
    });
    const group = await rig.make('group', 'web', { vpcId: vpc.id });
    const rule = { referencedSecurityGroupId: defaultSecurityGroupId, ipProtocol: '-1' };
    await expect(rig.make('ingress', 'i', { securityGroupId: group.id, ...rule })).resolves.toBeDefined();
  });

  it('keeps networks apart', async () => {
    const { gateway, subnet } = await aNetwork(rig);
    const other = await rig.make('vpc', 'other', { cidrBlock: '10.1.0.0/16' });
    const table = await rig.make('routeTable', 'other', { vpcId: other.id });
    const route = { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0' };
    await refused(
      rig.make('route', 'r', { ...route, gatewayId: gateway.id }),
      'InvalidParameterValue',
      'different networks',
    );
    const eip = await rig.make('eip', 'eip', {});
    const nat = await rig.make('nat', 'nat', { subnetId: subnet.id, allocationId: eip.id });
    await refused(
      rig.make('route', 'r', { ...route, natGatewayId: nat.id }),
      'InvalidParameterValue',
      'different networks',
    );
    await refused(
      rig.make('routeAssociation', 'a', { routeTableId: table.id, subnetId: subnet.id }),
      'InvalidParameterValue',
      'different networks',
    );
    const [mine, theirs] = [
      await rig.make('group', 'mine', { vpcId: subnet.inputs.vpcId }),
      await rig.make('group', 'theirs', { vpcId: other.id }),
    ];
    await refused(
      rig.make('egress', 'e', { securityGroupId: mine.id, referencedSecurityGroupId: theirs.id, ipProtocol: '-1' }),
      'InvalidGroup.NotFound',
      'different networks',
    );
  });
});

describe('deleting what is in use', () => {
  it.each([
    ['subnet', async () => (await aNetwork(rig)).vpc],
    ['gateway', async () => rig.make('gateway', 'g', { vpcId: (await bareVpc()).id })],
    ['group', async () => rig.make('group', 'web', { vpcId: (await bareVpc()).id })],
    ['routeTable', async () => rig.make('routeTable', 't', { vpcId: (await bareVpc()).id })],
  ] as const)('a VPC with a %s stays', async (_type, build) => {
    await build();
    const vpc = (await rig.inventory({ type: TYPES.vpc }))[0]!;
    await refused(
      rig.provider.delete({ ...vpc, outputs: vpc.properties }),
      'DependencyViolation',
      `The vpc '${vpc.id}' has dependencies and cannot be deleted.`,
    );
  });

  const bareVpc = () => rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16' });

  it('holds back gateway, subnet, address, route table and group while they are needed', async () => {
    const { vpc, gateway, subnet, table } = await aNetwork(rig);
    const eip = await rig.make('eip', 'eip', {});
    const nat = await rig.make('nat', 'nat', { subnetId: subnet.id, allocationId: eip.id });
    const association = await rig.make('routeAssociation', 'a', { routeTableId: table.id, subnetId: subnet.id });
    const web = await rig.make('group', 'web', { vpcId: vpc.id });
    const api = await rig.make('group', 'api', { vpcId: vpc.id });
    const peer = { securityGroupId: api.id, referencedSecurityGroupId: web.id, ipProtocol: '-1' };
    const rule = await rig.make('ingress', 'from-web', peer);

    await refused(rig.provider.delete(gateway), 'DependencyViolation', 'mapped public address(es)');
    await refused(rig.provider.delete(subnet), 'DependencyViolation', `The subnet '${subnet.id}' has dependencies`);
    await refused(rig.provider.delete(eip), 'InvalidIPAddress.InUse', String(eip.outputs.publicIp));
    await refused(rig.provider.delete(table), 'DependencyViolation', `The routeTable '${table.id}' has dependencies`);
    await refused(rig.provider.delete(web), 'DependencyViolation', `resource ${web.id} has a dependent object`);

    for (const made of [rule, nat, association, web, api, eip, gateway, table, subnet]) await rig.provider.delete(made);
    await rig.provider.delete(await rig.make('subnet', 'last', { vpcId: vpc.id, cidrBlock: '10.0.200.0/24' }));
  });

  it('takes along what cannot exist alone: rules with their group, routes with their table, flow logs with their VPC', async () => {
    const { vpc, gateway, table } = await aNetwork(rig, []);
    const group = await rig.make('group', 'web', { vpcId: vpc.id });
    await rig.make('ingress', 'self', {
      securityGroupId: group.id,
      referencedSecurityGroupId: group.id,
      ipProtocol: '-1',
    });
    await rig.make('route', 'r', { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id });
    await rig.make('defaultGroup', 'd', { vpcId: vpc.id });
    const logs = await rig.make('logGroup', 'l', { name: '/flow' });
    const role = await rig.make('role', 'role', { assumeRolePolicy: trust() });
    await rig.make('flowLog', 'f', {
      vpcId: vpc.id,
      trafficType: 'ALL',
      iamRoleArn: role.outputs.arn,
      logDestination: logs.outputs.arn,
    });
    for (const made of [group, table, gateway, vpc, logs, role]) await rig.provider.delete(made);
    expect(await rig.inventory()).toEqual([]);
  });

  it('lets a NAT gateway go while routes still point to it', async () => {
    const { subnet, table } = await aNetwork(rig);
    const eip = await rig.make('eip', 'eip', {});
    const nat = await rig.make('nat', 'nat', { subnetId: subnet.id, allocationId: eip.id });
    await rig.make('route', 'r', { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', natGatewayId: nat.id });
    await expect(rig.provider.delete(nat)).resolves.toBeUndefined();
  });
});

describe('addresses', () => {
  it.each([
    ['10.1.0.0/24', 'InvalidSubnet.Range'],
    ['10.0.0.0/29', 'InvalidSubnet.Range'],
    ['10.0.1.0/24', 'InvalidSubnet.Conflict'],
    ['10.0.1.128/25', 'InvalidSubnet.Conflict'],
    ['10.0.0.0/22', 'InvalidSubnet.Conflict'],
  ])('subnet %s: %s', async (cidrBlock, code) => {
    const { vpc } = await aNetwork(rig, ['a']);
    await refused(rig.make('subnet', 'x', { vpcId: vpc.id, cidrBlock }), code, cidrBlock);
  });

  it('refuses VPCs outside /16 to /28 and zones the region does not have', async () => {
    await refused(
      rig.make('vpc', 'v', { cidrBlock: '10.0.0.0/8' }),
      'InvalidVpc.Range',
      "The CIDR '10.0.0.0/8' is invalid.",
    );
    const { vpc } = await aNetwork(rig);
    const subnet = { vpcId: vpc.id, cidrBlock: '10.0.9.0/24', availabilityZone: 'us-east-1z' };
    await refused(rig.make('subnet', 'x', subnet), 'InvalidParameterValue', 'us-east-1a, us-east-1b, us-east-1c');
  });

  it('gives a NAT gateway the address of its allocation and a private one of its subnet', async () => {
    const { vpc, subnet } = await aNetwork(rig);
    const eip = await rig.make('eip', 'eip', { domain: 'vpc' });
    expect(eip.outputs.publicIp).toMatch(/^52(\.\d{1,3}){3}$/);
    expect(eip.outputs.publicDns).toBe(
      `ec2-${String(eip.outputs.publicIp).replaceAll('.', '-')}.compute-1.amazonaws.com`,
    );
    const nat = await rig.make('nat', 'nat', { subnetId: subnet.id, allocationId: eip.outputs.allocationId });
    expect(nat.outputs).toMatchObject({ publicIp: eip.outputs.publicIp, vpcId: vpc.id });
    expect(nat.outputs.privateIp).toMatch(/^10\.0\.1\.\d+$/);
    expect(nat.outputs.networkInterfaceId).toMatch(/^eni-[0-9a-f]{17}$/);
    expect(nat.outputs.associationId).toMatch(/^eipassoc-[0-9a-f]{17}$/);
  });
});

describe('what exists once', () => {
  it('refuses a second gateway, association, route, group name, rule and use of an address', async () => {
    const { vpc, gateway, subnet, table } = await aNetwork(rig);
    await refused(
      rig.make('gateway', 'g2', { vpcId: vpc.id }),
      'InvalidParameterValue',
      'already has an internet gateway',
    );
    const route = { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id };
    await rig.make('route', 'r1', route);
    await refused(
      rig.make('route', 'r2', route),
      'RouteAlreadyExists',
      'The route identified by 0.0.0.0/0 already exists.',
    );
    await rig.make('routeAssociation', 'a1', { routeTableId: table.id, subnetId: subnet.id });
    await refused(
      rig.make('routeAssociation', 'a2', { routeTableId: table.id, subnetId: subnet.id }),
      'Resource.AlreadyAssociated',
      'conflicts with an existing association',
    );
    const group = await rig.make('group', 'web', { vpcId: vpc.id, name: 'web' });
    await refused(
      rig.make('group', 'web2', { vpcId: vpc.id, name: 'web' }),
      'InvalidGroup.Duplicate',
      `The security group 'web' already exists for VPC '${vpc.id}'`,
    );
    const rule = { securityGroupId: group.id, cidrIpv4: '0.0.0.0/0', ipProtocol: 'tcp', fromPort: 443, toPort: 443 };
    const first = await rig.make('ingress', 'i1', rule);
    await rig.make('egress', 'e1', rule);
    await refused(
      rig.make('ingress', 'i2', rule),
      'InvalidPermission.Duplicate',
      'the specified rule "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW" already exists',
    );
    const second = await rig.make('ingress', 'i3', { ...rule, fromPort: 80, toPort: 80 });
    await refused(rig.update(second, rule), 'InvalidPermission.Duplicate');
    await rig.provider.delete(first);
    await expect(rig.update(second, rule)).resolves.toBeDefined();
    const eip = await rig.make('eip', 'eip', {});
    await rig.make('nat', 'n1', { subnetId: subnet.id, allocationId: eip.id });
    await refused(
      rig.make('nat', 'n2', { subnetId: subnet.id, allocationId: eip.id }),
      'Resource.AlreadyAssociated',
      `Elastic IP address [${eip.id}] is already associated`,
    );
  });

  it('needs an internet gateway under a public NAT gateway', async () => {
    const { gateway, subnet } = await aNetwork(rig);
    await rig.provider.delete(gateway);
    const eip = await rig.make('eip', 'eip', {});
    await refused(
      rig.make('nat', 'n', { subnetId: subnet.id, allocationId: eip.id }),
      'Gateway.NotAttached',
      'no Internet gateway',
    );
  });
});

describe('quotas', () => {
  it.each([
    [
      'vpc',
      (i: number) => ({ cidrBlock: `10.${i}.0.0/16` }),
      'VpcLimitExceeded',
      'The maximum number of VPCs has been reached.',
    ],
    ['eip', () => ({}), 'AddressLimitExceeded', 'The maximum number of addresses has been reached.'],
    ['gateway', () => ({}), 'InternetGatewayLimitExceeded', ''],
  ] as const)('five %s a region', async (type, news, code, message) => {
    for (let i = 0; i < 5; i++) await rig.make(type, `x${i}`, news(i));
    await refused(rig.make(type, 'x5', news(5)), code, message);
    await expect(rig.make(type, 'x6', { ...news(5), region: 'eu-west-1' })).resolves.toBeDefined();
  });

  it('five NAT gateways a zone', async () => {
    const { subnets } = await aNetwork(rig);
    const nat = async (name: string, subnet = subnets[0]!) =>
      rig.make('nat', name, { subnetId: subnet.id, connectivityType: 'private' });
    for (let i = 0; i < 5; i++) await nat(`n${i}`);
    await refused(nat('n5'), 'NatGatewayLimitExceeded', 'us-east-1a');
    await expect(nat('n6', subnets[1])).resolves.toBeDefined();
  });

  it('sixty rules a group and direction', async () => {
    const { vpc } = await aNetwork(rig, []);
    const group = await rig.make('group', 'web', { vpcId: vpc.id });
    const rule = (port: number) => ({
      securityGroupId: group.id,
      cidrIpv4: '10.0.0.0/8',
      ipProtocol: 'tcp',
      fromPort: port,
      toPort: port,
    });
    for (let i = 0; i < 60; i++) await rig.make('ingress', `i${i}`, rule(1000 + i));
    await refused(
      rig.make('ingress', 'i60', rule(2000)),
      'RulesPerSecurityGroupLimitExceeded',
      'maximum number of rules',
    );
    await expect(rig.make('egress', 'e', rule(2000))).resolves.toBeDefined();
  });
});

describe('endpoints', () => {
  it('fits computed values to the kind of endpoint', async () => {
    const { vpc, subnets, table } = await aNetwork(rig);
    const s3 = await rig.make('endpoint', 's3', {
      vpcId: vpc.id,
      serviceName: 'com.amazonaws.us-east-1.s3',
      routeTableIds: [table.id],
    });
    expect(s3.outputs).toMatchObject({ vpcEndpointType: 'Gateway', state: 'available', dnsEntries: [] });
    expect(s3.outputs.prefixListId).toMatch(/^pl-[0-9a-f]{8}$/);
    const logs = await rig.make('endpoint', 'logs', {
      vpcId: vpc.id,
      vpcEndpointType: 'Interface',
      serviceName: 'com.amazonaws.us-east-1.ecr.api',
      subnetIds: subnets.map(({ id }) => id),
      privateDnsEnabled: true,
    });
    expect(logs.outputs.networkInterfaceIds).toHaveLength(2);
    expect(logs.outputs.securityGroupIds).toEqual([vpc.outputs.defaultSecurityGroupId]);
    expect(logs.outputs.dnsEntries).toEqual([
      expect.objectContaining({
        dnsName: expect.stringMatching(`^${logs.id}-.*\\.us-east-1\\.vpce\\.amazonaws\\.com$`) as string,
      }),
      expect.objectContaining({ dnsName: 'api.ecr.us-east-1.amazonaws.com' }),
    ]);
  });

  it('refuses unknown services, doubled routes and names, zones twice, and private names without DNS', async () => {
    const { vpc, subnets, table } = await aNetwork(rig, ['a', 'a']);
    const gateway = { vpcId: vpc.id, serviceName: 'com.amazonaws.us-east-1.s3', routeTableIds: [table.id] };
    await refused(
      rig.make('endpoint', 'x', { ...gateway, serviceName: 'com.amazonaws.eu-west-1.s3' }),
      'InvalidServiceName',
    );
    await rig.make('endpoint', 's3', gateway);
    await refused(rig.make('endpoint', 's3-2', gateway), 'RouteAlreadyExists', table.id);
    const logs = {
      vpcId: vpc.id,
      vpcEndpointType: 'Interface',
      serviceName: 'com.amazonaws.us-east-1.logs',
      privateDnsEnabled: true,
    };
    await refused(
      rig.make('endpoint', 'l', { ...logs, subnetIds: subnets.map(({ id }) => id) }),
      'DuplicateSubnetsInSameZone',
    );
    await rig.make('endpoint', 'l', { ...logs, subnetIds: [subnets[0]!.id] });
    await refused(rig.make('endpoint', 'l2', logs), 'InvalidParameter', 'conflicting DNS domain for logs.us-east-1');
    const plain = await rig.make('vpc', 'plain', { cidrBlock: '10.1.0.0/16' });
    await refused(rig.make('endpoint', 'l3', { ...logs, vpcId: plain.id }), 'InvalidParameter', 'enableDnsHostnames');
    await refused(rig.provider.delete(subnets[0]!), 'DependencyViolation');
  });

  it('refuses a second flow log of the same kind', async () => {
    const { vpc } = await aNetwork(rig, []);
    const logs = await rig.make('logGroup', 'l', { name: '/flow' });
    const role = await rig.make('role', 'role', { assumeRolePolicy: trust() });
    await rig.make('rolePolicy', 'p', { role: role.id, policy: permission() });
    const log = {
      vpcId: vpc.id,
      trafficType: 'ALL',
      iamRoleArn: role.outputs.arn,
      logDestination: `${String(logs.outputs.arn)}:*`,
    };
    await rig.make('flowLog', 'f1', log);
    await refused(rig.make('flowLog', 'f2', log), 'FlowLogAlreadyExists');
    await expect(rig.make('flowLog', 'f3', { ...log, trafficType: 'REJECT' })).resolves.toBeDefined();
  });
});

describe('arguments of network types', () => {
  it.each([
    ['vpc', {}, 'cidrBlock: one of cidrBlock, ipv4IpamPoolId must be specified'],
    ['route', { routeTableId: 'r', gatewayId: 'g' }, 'destinationCidrBlock: one of'],
    [
      'route',
      { routeTableId: 'r', destinationCidrBlock: '0.0.0.0/0', gatewayId: 'g', natGatewayId: 'n' },
      'natGatewayId: only one of',
    ],
    ['routeAssociation', { routeTableId: 'r' }, 'subnetId: one of subnetId, gatewayId'],
    ['nat', { allocationId: 'e' }, 'subnetId: Missing required argument'],
    ['nat', { subnetId: 's' }, 'allocationId: "allocationId" is required'],
    [
      'nat',
      { subnetId: 's', connectivityType: 'private', allocationId: 'e' },
      'allocationId: "allocationId" is not supported',
    ],
    [
      'nat',
      { subnetId: 's', allocationId: 'e', availabilityMode: 'regional' },
      'availabilityMode: regional NAT gateways',
    ],
    ['flowLog', { trafficType: 'ALL' }, 'vpcId: one of vpcId'],
    ['flowLog', { vpcId: 'v', trafficType: 'SOME' }, 'trafficType: expected one of ACCEPT, REJECT, ALL'],
    ['flowLog', { vpcId: 'v', maxAggregationInterval: 90 }, 'maxAggregationInterval: expected one of 60, 600'],
    ['group', { vpcId: 'v', name: 'sg-mine' }, 'name: may not begin with "sg-"'],
    ['group', { vpcId: 'v', name: 'default' }, 'name: Cannot use reserved security group name'],
    [
      'ingress',
      { securityGroupId: 's', ipProtocol: 'tcp', cidrIpv4: '10.0.0.0/8' },
      'fromPort: "fromPort" is required',
    ],
    [
      'ingress',
      { securityGroupId: 's', ipProtocol: '-1', cidrIpv4: '10.0.0.0/8', fromPort: 1 },
      'fromPort: "fromPort" may not be given',
    ],
    [
      'ingress',
      { securityGroupId: 's', ipProtocol: 'tcp', cidrIpv4: '10.0.0.0/8', fromPort: 9, toPort: 8 },
      'toPort: "toPort" 8 is lower',
    ],
    ['ingress', { securityGroupId: 's', ipProtocol: '-1' }, 'cidrIpv4: one of'],
    [
      'ingress',
      { securityGroupId: 's', ipProtocol: '-1', cidrIpv4: '10.0.0.0/8', cidrIpv6: '::/0' },
      'cidrIpv6: only one of',
    ],
    ['endpoint', { vpcId: 'v' }, 'serviceName: one of serviceName'],
    ['endpoint', { vpcId: 'v', serviceName: 's', vpcEndpointType: 'Door' }, 'vpcEndpointType: expected one of'],
  ] as const)('%s %j: %s', async (type, news, expected) => {
    const failures = await rig.failures(type, news);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain(expected);
  });

  it('wants a traffic type, a role and a destination for the flow log of a VPC', async () => {
    const { vpc } = await aNetwork(rig, []);
    await refused(rig.make('flowLog', 'f', { vpcId: vpc.id }), 'MissingParameter', 'trafficType');
    await refused(rig.make('flowLog', 'f', { vpcId: vpc.id, trafficType: 'ALL' }), 'MissingParameter', 'iamRoleArn');
  });
});
