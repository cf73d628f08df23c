import { MemoryAccountStore } from '../../tools/sandbox-cloud/memory.account-store.js';
import type { CloudResource } from '../../tools/sandbox-cloud/account-store.port.js';
import type { Properties, ResourceProvider } from '../../tools/sandbox-cloud/provider.port.js';
import { SandboxCloud } from '../../tools/sandbox-cloud/sandbox-cloud.js';

/** Short names of the types that tests use most. */
export const TYPES = {
  accessEntry: 'aws:eks/accessEntry:AccessEntry',
  accessPoint: 'aws:efs/accessPoint:AccessPoint',
  accessPolicy: 'aws:eks/accessPolicyAssociation:AccessPolicyAssociation',
  addon: 'aws:eks/addon:Addon',
  alarm: 'aws:cloudwatch/metricAlarm:MetricAlarm',
  alias: 'aws:kms/alias:Alias',
  api: 'aws:apigatewayv2/api:Api',
  apiMapping: 'aws:apigatewayv2/apiMapping:ApiMapping',
  apiRoute: 'aws:apigatewayv2/route:Route',
  apiStage: 'aws:apigatewayv2/stage:Stage',
  asg: 'aws:autoscaling/group:Group',
  asgPolicy: 'aws:autoscaling/policy:Policy',
  attachment: 'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
  authorizer: 'aws:apigatewayv2/authorizer:Authorizer',
  backupPlan: 'aws:backup/plan:Plan',
  backupSelection: 'aws:backup/selection:Selection',
  balancer: 'aws:lb/loadBalancer:LoadBalancer',
  bucket: 'aws:s3/bucket:Bucket',
  bucketAccess: 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
  bucketCors: 'aws:s3/bucketCorsConfiguration:BucketCorsConfiguration',
  bucketEncryption: 'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  bucketLifecycle: 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
  bucketNotification: 'aws:s3/bucketNotification:BucketNotification',
  bucketPolicy: 'aws:s3/bucketPolicy:BucketPolicy',
  bucketVersioning: 'aws:s3/bucketVersioning:BucketVersioning',
  budget: 'aws:budgets/budget:Budget',
  buildProject: 'aws:codebuild/project:Project',
  capacityProviders: 'aws:ecs/clusterCapacityProviders:ClusterCapacityProviders',
  certificate: 'aws:acm/certificate:Certificate',
  cluster: 'aws:ecs/cluster:Cluster',
  dashboard: 'aws:cloudwatch/dashboard:Dashboard',
  database: 'aws:rds/instance:Instance',
  dbParameters: 'aws:rds/parameterGroup:ParameterGroup',
  dbSubnets: 'aws:rds/subnetGroup:SubnetGroup',
  defaultGroup: 'aws:ec2/defaultSecurityGroup:DefaultSecurityGroup',
  discovery: 'aws:servicediscovery/service:Service',
  domainName: 'aws:apigatewayv2/domainName:DomainName',
  ecsService: 'aws:ecs/service:Service',
  efsBackup: 'aws:efs/backupPolicy:BackupPolicy',
  egress: 'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule',
  eip: 'aws:ec2/eip:Eip',
  eksCluster: 'aws:eks/cluster:Cluster',
  endpoint: 'aws:ec2/vpcEndpoint:VpcEndpoint',
  eventRule: 'aws:cloudwatch/eventRule:EventRule',
  eventTarget: 'aws:cloudwatch/eventTarget:EventTarget',
  fileSystem: 'aws:efs/fileSystem:FileSystem',
  flowLog: 'aws:ec2/flowLog:FlowLog',
  fn: 'aws:lambda/function:Function',
  fnAlias: 'aws:lambda/alias:Alias',
  fnPermission: 'aws:lambda/permission:Permission',
  gateway: 'aws:ec2/internetGateway:InternetGateway',
  group: 'aws:ec2/securityGroup:SecurityGroup',
  healthCheck: 'aws:route53/healthCheck:HealthCheck',
  identityPool: 'aws:cognito/identityPool:IdentityPool',
  identityPoolRoles: 'aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment',
  identityProvider: 'aws:cognito/identityProvider:IdentityProvider',
  imageLifecycle: 'aws:ecr/lifecyclePolicy:LifecyclePolicy',
  ingress: 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
  instanceProfile: 'aws:iam/instanceProfile:InstanceProfile',
  integration: 'aws:apigatewayv2/integration:Integration',
  key: 'aws:kms/key:Key',
  launchTemplate: 'aws:ec2/launchTemplate:LaunchTemplate',
  layer: 'aws:lambda/layerVersion:LayerVersion',
  listener: 'aws:lb/listener:Listener',
  listenerRule: 'aws:lb/listenerRule:ListenerRule',
  logGroup: 'aws:cloudwatch/logGroup:LogGroup',
  logMetricFilter: 'aws:cloudwatch/logMetricFilter:LogMetricFilter',
  mapping: 'aws:lambda/eventSourceMapping:EventSourceMapping',
  mountTarget: 'aws:efs/mountTarget:MountTarget',
  namespace: 'aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace',
  nat: 'aws:ec2/natGateway:NatGateway',
  nodeGroup: 'aws:eks/nodeGroup:NodeGroup',
  oidcProvider: 'aws:iam/openIdConnectProvider:OpenIdConnectProvider',
  policy: 'aws:iam/policy:Policy',
  queue: 'aws:sqs/queue:Queue',
  record: 'aws:route53/record:Record',
  registryReplication: 'aws:ecr/replicationConfiguration:ReplicationConfiguration',
  registryScanning: 'aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration',
  repository: 'aws:ecr/repository:Repository',
  role: 'aws:iam/role:Role',
  rolePolicy: 'aws:iam/rolePolicy:RolePolicy',
  route: 'aws:ec2/route:Route',
  routeAssociation: 'aws:ec2/routeTableAssociation:RouteTableAssociation',
  routeTable: 'aws:ec2/routeTable:RouteTable',
  scalingPolicy: 'aws:appautoscaling/policy:Policy',
  scalingTarget: 'aws:appautoscaling/target:Target',
  secret: 'aws:secretsmanager/secret:Secret',
  secretRotation: 'aws:secretsmanager/secretRotation:SecretRotation',
  secretVersion: 'aws:secretsmanager/secretVersion:SecretVersion',
  stateMachine: 'aws:sfn/stateMachine:StateMachine',
  subnet: 'aws:ec2/subnet:Subnet',
  subscription: 'aws:sns/topicSubscription:TopicSubscription',
  targetGroup: 'aws:lb/targetGroup:TargetGroup',
  task: 'aws:ecs/taskDefinition:TaskDefinition',
  topic: 'aws:sns/topic:Topic',
  topicPolicy: 'aws:sns/topicPolicy:TopicPolicy',
  userGroup: 'aws:cognito/userGroup:UserGroup',
  userPool: 'aws:cognito/userPool:UserPool',
  userPoolClient: 'aws:cognito/userPoolClient:UserPoolClient',
  userPoolDomain: 'aws:cognito/userPoolDomain:UserPoolDomain',
  validation: 'aws:acm/certificateValidation:CertificateValidation',
  vault: 'aws:backup/vault:Vault',
  vpc: 'aws:ec2/vpc:Vpc',
  vpcLink: 'aws:apigatewayv2/vpcLink:VpcLink',
  webAcl: 'aws:wafv2/webAcl:WebAcl',
  webAclAssociation: 'aws:wafv2/webAclAssociation:WebAclAssociation',
  zone: 'aws:route53/zone:Zone',
} as const;
export type TypeName = keyof typeof TYPES;

export const ACCOUNT = '123456789012';
export const SCOPE = { organization: 'acme', account: ACCOUNT };

export const trust = (service = 'ecs-tasks.amazonaws.com'): string =>
  JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] });
export const permission = (action = 'logs:PutLogEvents'): string =>
  JSON.stringify({ Statement: [{ Effect: 'Allow', Action: action, Resource: 'arn:aws:logs:*:*:*' }] });

export interface Made {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** A sandbox in memory whose sleeps take no time and are written down; resources by short type and logical name. */
export class SandboxRig {
  readonly store = new MemoryAccountStore();
  /** Milliseconds of every sleep. */
  readonly slept: number[] = [];
  /** Replaces the end of a sleep, e.g. to look around in its middle. */
  onSleep: (signal?: AbortSignal) => Promise<void> = () => Promise.resolve();
  readonly cloud: SandboxCloud;
  readonly provider: ResourceProvider;
  #tokens = 0;

  constructor(speed = 0) {
    this.cloud = new SandboxCloud(this.store, {
      speed,
      timing: {
        now: () => new Date(Date.UTC(2026, 0, 15, 10)),
        sleep: (ms, signal) => {
          this.slept.push(ms);
          return this.onSleep(signal);
        },
      },
    });
    this.provider = this.cloud.provider({ ...SCOPE, region: 'us-east-1' });
  }

  urn(type: TypeName, name: string, stack = 'D1-network-dev'): string {
    return `urn:pulumi:${stack}::shop::${TYPES[type]}::${name}`;
  }

  /** Check and create, as an engine does; fails on the first check failure. */
  async make(
    type: TypeName,
    name: string,
    news: Properties,
    options: { stack?: string; token?: string; signal?: AbortSignal } = {},
  ): Promise<Made> {
    const ref = { urn: this.urn(type, name, options.stack), type: TYPES[type] };
    const { inputs, failures } = await this.provider.check({ ...ref, news, preview: false });
    if (failures.length > 0) throw new Error(`${failures[0]?.property}: ${failures[0]?.reason}`);
    const token = options.token ?? `token-${this.#tokens++}`;
    const signal = options.signal;
    const created = await this.provider.create({ ...ref, inputs, preview: false, token, ...(signal && { signal }) });
    return { ...ref, inputs, ...created };
  }

  async update(made: Made, news: Properties): Promise<Made> {
    const { inputs } = await this.provider.check({ ...made, olds: made.inputs, news, preview: false });
    const { outputs } = await this.provider.update({
      ...made,
      oldInputs: made.inputs,
      oldOutputs: made.outputs,
      news: inputs,
      preview: false,
    });
    return { ...made, inputs, outputs };
  }

  async diff(made: Made, news: Properties): ReturnType<ResourceProvider['diff']> {
    const { inputs } = await this.provider.check({ ...made, olds: made.inputs, news, preview: false });
    return this.provider.diff({ ...made, oldInputs: made.inputs, oldOutputs: made.outputs, news: inputs });
  }

  async failures(type: TypeName, news: Properties): Promise<string[]> {
    const { failures } = await this.provider.check({
      urn: this.urn(type, 'subject'),
      type: TYPES[type],
      news,
      preview: false,
    });
    return failures.map(({ property, reason }) => `${property}: ${reason}`);
  }

  async inventory(query: { region?: string; type?: string; stack?: string } = {}): Promise<CloudResource[]> {
    return (await this.cloud.inventory(SCOPE, query, { skip: 0, limit: 1000 })).resources;
  }
}

/** VPC with gateway, one public subnet per given zone and a route table. */
export async function aNetwork(rig: SandboxRig, zones: readonly string[] = ['a', 'b']) {
  const vpc = await rig.make('vpc', 'vpc', { cidrBlock: '10.0.0.0/16', enableDnsHostnames: true });
  const gateway = await rig.make('gateway', 'igw', { vpcId: vpc.id });
  const subnets = [];
  for (const [i, zone] of zones.entries()) {
    const cidrBlock = `10.0.${i + 1}.0/24`;
    subnets.push(
      await rig.make('subnet', `subnet-${i}`, { vpcId: vpc.id, cidrBlock, availabilityZone: `us-east-1${zone}` }),
    );
  }
  const table = await rig.make('routeTable', 'table', { vpcId: vpc.id });
  return { vpc, gateway, subnets, subnet: subnets[0]!, table };
}
