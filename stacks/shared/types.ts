import type * as pulumi from '@pulumi/pulumi';

export const ENVIRONMENTS = ['dev', 'stage', 'prod'] as const;
export type EnvName = (typeof ENVIRONMENTS)[number];

/** What every stack knows about the deployment it belongs to: the validated common keys (stacks.md 1.1) and what follows from them. */
export interface Context {
  /** Stack name = directory = configuration namespace, e.g. `network`. */
  readonly stack: string;
  /** As given, upper case: `DT3VCA0`. */
  readonly deploymentId: string;
  /** Lower-cased deployment id, for physical names. */
  readonly depId: string;
  /** Raw organisation, 1 to 100 characters. */
  readonly organization: string;
  /** Project slug: a–z, 0–9 and single dashes. */
  readonly project: string;
  readonly environment: EnvName;
  readonly region: string;
  readonly secondaryRegion: string | undefined;
  /** 12 digits. */
  readonly accountId: string;
  /** Lower-case domain of the deployment, without the environment. */
  readonly domain: string | undefined;
  /** `domain` in prod, `<environment>.<domain>` in dev and stage. */
  readonly envDomain: string | undefined;
  readonly team: string | undefined;
  readonly costCenter: string | undefined;
  /** Protects the stateful set L1 against deletion, in Pulumi and in AWS. */
  readonly protectStateful: boolean;
  /** Undefined: log groups never expire. */
  readonly logRetentionDays: number | undefined;
  readonly extraTags: Readonly<Record<string, string>>;
}

/** Outputs of every stack (stacks.md 1.2). */
export interface CommonOutputs {
  readonly stackName: string;
  readonly stackEnvironment: EnvName;
  readonly stackDeploymentId: string;
  /** Semantic version of the stack, from its package.json. */
  readonly stackVersion: string;
  readonly __exists: true;
}

type Text = pulumi.Input<string>;
type Texts = pulumi.Input<pulumi.Input<string>[]>;

/** Validated parameters of `dns` (stacks.md 10.1). */
export interface DnsConfig {
  readonly envDomain: string;
  readonly createHostedZone: boolean;
  /** `""` when the zone is created here. */
  readonly hostedZoneId: string;
  /** `""`: no delegation record is written. */
  readonly parentZoneId: string;
  readonly includeWildcard: boolean;
  readonly waitForCertificateValidation: boolean;
  readonly enableHealthChecks: boolean;
  /** Undefined: Route 53 checks from all its regions. */
  readonly healthCheckRegions: readonly string[] | undefined;
  /** Undefined: this check is not made. */
  readonly primaryHealthCheckPath: string | undefined;
  readonly apiHealthCheckPath: string | undefined;
  readonly healthCheckFailureThreshold: number | undefined;
  readonly healthCheckIntervalSeconds: number | undefined;
  /** Seconds. */
  readonly defaultTtl: number;
}

export interface DnsOutputs extends CommonOutputs {
  readonly hostedZoneId: Text;
  readonly hostedZoneName: Text;
  readonly domainName: Text;
  readonly nameServers: Texts;
  readonly primaryCertificateArn: Text;
  readonly wildcardCertificateArn: Text;
  readonly primaryHealthCheckId: Text;
  readonly apiHealthCheckId: Text;
}

export const NAT_MODES = ['none', 'single', 'perAz'] as const;
export type NatMode = (typeof NAT_MODES)[number];

/** Validated parameters of `network` (stacks.md 10.2). */
export interface NetworkConfig {
  readonly vpcCidr: string;
  readonly azCount: number;
  /** Exactly `azCount` names, sorted. */
  readonly availabilityZones: readonly string[];
  readonly natGateways: NatMode;
  readonly enableFlowLogs: boolean;
  /** Undefined only while flow logs are off. */
  readonly flowLogTrafficType: string | undefined;
  readonly enableVpcEndpoints: boolean;
  /** AWS service names without prefix, e.g. `ecr.api`. */
  readonly interfaceEndpoints: readonly string[];
}

export interface NetworkOutputs extends CommonOutputs {
  readonly vpcId: Text;
  readonly vpcArn: Text;
  readonly vpcCidrBlock: Text;
  readonly publicSubnetIds: Texts;
  readonly privateSubnetIds: Texts;
  readonly databaseSubnetIds: Texts;
  readonly availabilityZones: Texts;
  readonly internetGatewayId: Text;
  readonly natGatewayIds: Texts;
  readonly natGatewayIps: Texts;
  readonly publicRouteTableId: Text;
  readonly databaseRouteTableId: Text;
  readonly privateRouteTableIds: Texts;
  readonly s3VpcEndpointId: Text;
  /** Service as configured → endpoint id. */
  readonly interfaceEndpointIds: Record<string, Text>;
  readonly endpointSecurityGroupId: Text;
  readonly flowLogsLogGroupName: Text;
}

export const WORKLOADS = ['ecs', 'eks', 'ec2', 'lambda', 'apigateway', 'efs'] as const;
export type Workload = (typeof WORKLOADS)[number];

/** Validated parameters of `security` (stacks.md 10.3). */
export interface SecurityConfig {
  readonly vpcId: string;
  readonly workloads: readonly Workload[];
  /** Empty: nothing is admitted from outside. */
  readonly albIngressCidrs: readonly string[];
  readonly webPort: number;
  readonly apiPort: number;
  readonly databasePort: number;
  readonly enableKeyRotation: boolean;
  /** Undefined: the provider's own window of 30 days. */
  readonly keyDeletionWindowDays: number | undefined;
}

export interface SecurityOutputs extends CommonOutputs {
  readonly loadBalancerSecurityGroupId: Text;
  readonly webSecurityGroupId: Text;
  readonly apiSecurityGroupId: Text;
  readonly databaseSecurityGroupId: Text;
  readonly internalLoadBalancerSecurityGroupId: Text;
  readonly vpcLinkSecurityGroupId: Text;
  readonly ec2SecurityGroupId: Text;
  readonly lambdaSecurityGroupId: Text;
  readonly eksNodeSecurityGroupId: Text;
  readonly efsSecurityGroupId: Text;
  readonly ecsExecutionRoleArn: Text;
  readonly ecsExecutionRoleName: Text;
  readonly eksClusterRoleArn: Text;
  readonly eksNodeRoleArn: Text;
  readonly applicationKeyArn: Text;
  readonly databaseKeyArn: Text;
  readonly infrastructureKeyArn: Text;
  readonly applicationKeyId: Text;
  readonly databaseKeyId: Text;
  readonly infrastructureKeyId: Text;
  readonly webPort: number;
  readonly apiPort: number;
  readonly databasePort: number;
}

/** Validated parameters of `database-rds` (stacks.md 10.7). */
export interface DatabaseConfig {
  readonly databaseSubnetIds: readonly string[];
  readonly databaseSecurityGroupId: string;
  readonly databasePort: number;
  readonly databaseKeyArn: string;
  readonly infrastructureKeyArn: string;
  /** `{project}/{env}/{depId}` */
  readonly secretNamePrefix: string;
  /** `15` lets AWS pick the minor, `15.8` does not. */
  readonly engineVersion: string;
  /** `15` */
  readonly engineMajor: string;
  readonly instanceClass: string;
  /** GiB. */
  readonly allocatedStorage: number;
  /** GiB; undefined: storage does not grow by itself. */
  readonly maxAllocatedStorage: number | undefined;
  readonly multiAz: boolean;
  readonly createReadReplica: boolean;
  readonly databaseName: string;
  readonly masterUsername: string;
  /** Undefined: AWS keeps no automatic backups. */
  readonly backupRetentionDays: number | undefined;
  /** UTC, `03:00-04:00`; undefined: AWS picks one. */
  readonly backupWindow: string | undefined;
  /** UTC, `sun:04:00-sun:05:00`; undefined: AWS picks one. */
  readonly maintenanceWindow: string | undefined;
  readonly autoMinorVersionUpgrade: boolean;
  /** Seconds between enhanced metrics; 0: none, and no role for them. */
  readonly monitoringInterval: number;
  readonly performanceInsights: boolean;
  readonly credentialRotationDays: number;
  /** Undefined: AWS's own, which logs no statement for its duration. */
  readonly logMinDurationMs: number | undefined;
  readonly applyImmediately: boolean;
  /** A last snapshot is taken before the primary goes. */
  readonly takeFinalSnapshot: boolean;
  /** The backup plan of `storage` must take the primary (T4). */
  readonly isBackupRequired: boolean;
}

export interface DatabaseOutputs extends CommonOutputs {
  readonly primaryEndpoint: Text;
  readonly primaryAddress: Text;
  readonly primaryPort: pulumi.Input<number>;
  readonly primaryDatabaseName: Text;
  readonly primaryInstanceId: Text;
  readonly replicaEndpoint: Text;
  readonly replicaInstanceId: Text;
  readonly masterUserSecretArn: Text;
  readonly connectionSecretArn: Text;
  readonly databaseAccessPolicyArn: Text;
  readonly subnetGroupName: Text;
  readonly parameterGroupName: Text;
  readonly logGroupName: Text;
}

/** Validated parameters of `secrets` (stacks.md 10.4). */
export interface SecretsConfig {
  readonly applicationKeyArn: string;
  readonly databaseKeyArn: string;
  /** `""`: no cluster runs containers, so nothing is attached. */
  readonly ecsExecutionRoleName: string;
  /** Kebab-case, unique across both lists. */
  readonly generatedSecrets: readonly string[];
  readonly externalSecrets: readonly string[];
  /** Characters. */
  readonly generatedSecretLength: number;
  /** Undefined: values are never made anew. */
  readonly rotationVersion: number | undefined;
  /** Undefined: the provider's own window of 30 days. */
  readonly recoveryWindowDays: number | undefined;
}

export interface SecretsOutputs extends CommonOutputs {
  readonly secretNamePrefix: Text;
  readonly jwtSigningKeyArn: Text;
  readonly sessionSecretArn: Text;
  readonly externalApiKeysArn: Text;
  readonly oauthSecretsArn: Text;
  /** Name as configured → ARN. */
  readonly secretArns: Record<string, Text>;
  readonly appSecretsReadPolicyArn: Text;
  readonly databaseSecretsReadPolicyArn: Text;
}

/** Which security group, and so which port, a service has. */
export const SECURITY_TIERS = ['web', 'api'] as const;
export type SecurityTier = (typeof SECURITY_TIERS)[number];

/** What a service may reach: injected application secrets, the database. */
export const SERVICE_ACCESS = ['database', 'secrets'] as const;
export type ServiceAccess = (typeof SERVICE_ACCESS)[number];

/** One service on Fargate (stacks.md 3.1); sizes and capacities are the stack's where the entry has none. */
export interface ServiceSpec {
  /** Kebab-case, at most 20 characters. */
  readonly name: string;
  /** Key of `repositoryUrls`. */
  readonly repository: string;
  readonly securityTier: SecurityTier;
  /** The port that the security groups of the tier admit; undefined: nothing calls the service. */
  readonly port: number | undefined;
  /** Patterns of the listener rule; empty for the listener's default and for services without port. */
  readonly pathPatterns: readonly string[];
  /** 1 to 50,000; undefined together with empty `pathPatterns`. */
  readonly priority: number | undefined;
  /** Gets what no rule takes. */
  readonly default: boolean;
  /** Undefined: `/`, the provider's own. */
  readonly healthCheckPath: string | undefined;
  /** CPU units, 1024 a core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  /** Tasks. */
  readonly minCapacity: number;
  readonly maxCapacity: number;
  /** Other services find it by name. */
  readonly discovery: boolean;
  readonly access: readonly ServiceAccess[];
}

/** Validated parameters that containers-apps and services-ecs have in common (stacks.md 10.9). */
export interface ServiceSettings {
  readonly services: readonly ServiceSpec[];
  /** Undefined: nothing is released yet, no task runs. */
  readonly imageTag: string | undefined;
  /** Percent. */
  readonly targetCpuUtilization: number;
  /** Seconds; undefined: the provider's own. */
  readonly scaleInCooldown: number | undefined;
  readonly scaleOutCooldown: number | undefined;
  /** 0: no spot capacity. */
  readonly fargateSpotWeight: number;
  readonly enableContainerInsights: boolean;
  readonly enableExecuteCommand: boolean;
}

/**
 * Validated parameters of `monitoring` (stacks.md 10.16). What comes from a stack that is off is undefined, and so are its alarms
 * (MON-3); a threshold that is undefined turns off the alarms that need it.
 */
export interface MonitoringConfig {
  readonly infrastructureKeyArn: string;
  readonly natGatewayIds: readonly string[];
  readonly primaryHealthCheckId: string | undefined;
  readonly apiHealthCheckId: string | undefined;
  readonly userPoolId: string | undefined;
  readonly primaryBucketName: string | undefined;
  readonly databaseInstanceId: string | undefined;
  readonly databaseReplicaId: string | undefined;
  readonly appsClusterName: string | undefined;
  /** App → service name; the next two: app → value. */
  readonly appsServiceNames: Readonly<Record<string, string>>;
  readonly appsTargetGroups: Readonly<Record<string, string>>;
  readonly appsLogGroups: Readonly<Record<string, string>>;
  readonly appsAlbArnSuffix: string | undefined;
  readonly ecsClusterName: string | undefined;
  /** Service → service name; likewise the log groups. */
  readonly ecsServiceNames: Readonly<Record<string, string>>;
  readonly ecsLogGroups: Readonly<Record<string, string>>;
  readonly ecsAlbArnSuffix: string | undefined;
  readonly eksClusterName: string | undefined;
  readonly apiId: string | undefined;
  /** Tier → Auto Scaling group. */
  readonly asgNames: Readonly<Record<string, string>>;
  readonly ec2AlbArnSuffix: string | undefined;
  readonly ec2TargetGroup: string | undefined;
  /** Function → its physical name. */
  readonly lambdaFunctionNames: Readonly<Record<string, string>>;
  readonly taskQueueName: string | undefined;
  readonly taskDlqName: string | undefined;
  /** Undefined: nobody is subscribed. */
  readonly alertEmail: string | undefined;
  /** Percent. */
  readonly cpuThreshold: number | undefined;
  /** Percent. */
  readonly memoryThreshold: number | undefined;
  /** Open connections. */
  readonly databaseConnectionsThreshold: number | undefined;
  readonly freeStorageBytes: number | undefined;
  /** Seconds, 95th percentile. */
  readonly responseTimeSeconds: number | undefined;
  /** Answers per 5 minutes. */
  readonly http5xxThreshold: number | undefined;
  /** Lines per 5 minutes. */
  readonly errorLogThreshold: number | undefined;
  /** Filter pattern of CloudWatch Logs. */
  readonly errorLogPattern: string | undefined;
  readonly queueAgeSeconds: number | undefined;
  /** 0: no budget. */
  readonly monthlyBudgetUsd: number;
}

export interface MonitoringOutputs extends CommonOutputs {
  readonly alertsTopicArn: Text;
  readonly criticalTopicArn: Text;
  readonly dashboardName: Text;
  readonly dashboardUrl: Text;
  /** Alarm (its logical name) → ARN. */
  readonly alarmArns: Record<string, Text>;
  readonly metricNamespace: string;
}

export const TAG_MUTABILITIES = ['MUTABLE', 'IMMUTABLE'] as const;
export type TagMutability = (typeof TAG_MUTABILITIES)[number];

/** Validated parameters of `services-ecr` (stacks.md 10.10). */
export interface ServicesEcrConfig {
  readonly applicationKeyArn: string;
  readonly infrastructureKeyArn: string;
  /** Kebab-case. */
  readonly serviceRepositories: readonly string[];
  readonly baseRepositories: readonly string[];
  readonly serviceTagMutability: TagMutability | undefined;
  /** Undefined: every image stays. */
  readonly retainServiceImages: number | undefined;
  readonly retainBaseImages: number | undefined;
  /** This deployment owns the settings of the whole registry of its account and region. */
  readonly manageRegistrySettings: boolean;
  readonly enhancedScanning: boolean;
  /** Empty: no copies. */
  readonly replicationRegions: readonly string[];
}

export interface ServicesEcrOutputs extends CommonOutputs {
  readonly registryId: Text;
  readonly registryUri: Text;
  /** Service repository → URL. */
  readonly repositoryUrls: Record<string, Text>;
  readonly repositoryArns: Record<string, Text>;
  readonly baseRepositoryUrls: Record<string, Text>;
  readonly scanTopicArn: Text;
  readonly replicationEnabled: boolean;
}

/** Where the images are built from (stacks.md 10.8). */
export interface BuildConfig {
  /** https URL of the source repository. */
  readonly sourceRepositoryUrl: string;
  /** Undefined: its default branch. */
  readonly sourceBranch: string | undefined;
  readonly sourceConnectionArn: string;
  /** Minutes; undefined: 60, the provider's own. */
  readonly timeoutMinutes: number | undefined;
  readonly computeType: string;
}

/** Validated parameters of `containers-images` (stacks.md 10.8). */
export interface ContainersImagesConfig {
  readonly applicationKeyArn: string;
  readonly infrastructureKeyArn: string;
  /** Kebab-case. */
  readonly repositories: readonly string[];
  readonly imageTagMutability: TagMutability | undefined;
  /** Undefined: every tagged image stays. */
  readonly retainImageCount: number | undefined;
  /** Undefined: untagged images stay. */
  readonly untaggedExpiryDays: number | undefined;
  /** Undefined: images are built elsewhere. */
  readonly builds: BuildConfig | undefined;
}

export interface ContainersImagesOutputs extends CommonOutputs {
  /** Repository → URL. */
  readonly repositoryUrls: Record<string, Text>;
  readonly repositoryArns: Record<string, Text>;
  readonly frontendRepoUrl: Text;
  readonly backendRepoUrl: Text;
  readonly workerRepoUrl: Text;
  readonly nginxRepoUrl: Text;
  readonly codebuildRoleArn: Text;
  /** Repository → project. */
  readonly buildProjectNames: Record<string, Text>;
}

export const EKS_ADDONS = ['vpc-cni', 'kube-proxy', 'coredns', 'aws-ebs-csi-driver'] as const;
export type EksAddon = (typeof EKS_ADDONS)[number];

/** Validated parameters of `services-eks` (stacks.md 10.12). */
export interface EksConfig {
  readonly privateSubnetIds: readonly string[];
  readonly eksClusterRoleArn: string;
  readonly eksNodeRoleArn: string;
  readonly eksNodeSecurityGroupId: string;
  readonly applicationKeyArn: string;
  readonly infrastructureKeyArn: string;
  /** `1.33` */
  readonly kubernetesVersion: string;
  readonly endpointPublicAccess: boolean;
  /** Empty unless the endpoint is public. */
  readonly publicAccessCidrs: readonly string[];
  /** Empty: the control plane logs nothing. */
  readonly enabledLogTypes: readonly string[];
  readonly nodeGroups: readonly NodeGroupSpec[];
  /** GiB; undefined: the size of the image. */
  readonly nodeDiskGiB: number | undefined;
  /** Only what is pinned; AWS picks the default of the cluster version for the others. */
  readonly addonVersions: Readonly<Partial<Record<EksAddon, string>>>;
  /** IAM roles with administrator access to the cluster. */
  readonly adminPrincipalArns: readonly string[];
}

export interface NodeGroupSpec {
  readonly name: 'primary' | 'spot';
  /** Undefined: AWS's own, t3.medium. */
  readonly instanceTypes: readonly string[] | undefined;
  readonly minSize: number;
  readonly desiredSize: number;
  readonly maxSize: number;
}

export interface EksOutputs extends CommonOutputs {
  readonly clusterName: Text;
  readonly clusterArn: Text;
  readonly clusterEndpoint: Text;
  readonly clusterVersion: Text;
  readonly clusterSecurityGroupId: Text;
  readonly clusterCertificateAuthority: pulumi.Output<string>;
  readonly oidcProviderArn: Text;
  readonly oidcIssuerUrl: Text;
  readonly primaryNodeGroupName: Text;
  readonly primaryNodeGroupArn: Text;
  readonly spotNodeGroupName: Text;
  readonly ebsCsiRoleArn: Text;
  readonly clusterAutoscalerRoleArn: Text;
}

/** Validated parameters of `services-ecs` (stacks.md 10.11). */
export interface ServicesEcsConfig {
  readonly vpcId: string;
  readonly privateSubnetIds: readonly string[];
  readonly internalLoadBalancerSecurityGroupId: string;
  readonly apiSecurityGroupId: string;
  readonly ecsExecutionRoleArn: string;
  readonly infrastructureKeyArn: string;
  readonly repositoryUrls: Readonly<Record<string, string>>;
  /** Undefined, like the next three: that stack is not enabled. */
  readonly jwtSigningKeyArn: string | undefined;
  readonly logsBucketName: string | undefined;
  readonly connectionSecretArn: string | undefined;
  readonly databaseAccessPolicyArn: string | undefined;
  readonly namespaceName: string;
  readonly settings: ServiceSettings;
}

export interface ServicesEcsOutputs extends CommonOutputs {
  readonly clusterArn: Text;
  readonly clusterName: Text;
  readonly internalAlbArn: Text;
  readonly internalAlbArnSuffix: Text;
  readonly internalAlbDnsName: Text;
  readonly internalListenerArn: Text;
  readonly namespaceId: Text;
  readonly namespaceName: Text;
  /** Service → its name in ECS; likewise the next three. Only services with a port have a target group. */
  readonly serviceNames: Record<string, Text>;
  readonly targetGroupArnSuffixes: Record<string, Text>;
  readonly logGroupNames: Record<string, Text>;
  readonly scalingTargetIds: Record<string, Text>;
}

/** Validated parameters of `containers-apps` (stacks.md 10.9). */
export interface ContainersAppsConfig {
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
  readonly loadBalancerSecurityGroupId: string;
  readonly webSecurityGroupId: string;
  readonly apiSecurityGroupId: string;
  readonly ecsExecutionRoleArn: string;
  readonly infrastructureKeyArn: string;
  readonly jwtSigningKeyArn: string;
  readonly sessionSecretArn: string;
  readonly hostedZoneId: string;
  readonly domainName: string;
  readonly certificateArn: string;
  readonly repositoryUrls: Readonly<Record<string, string>>;
  /** Undefined, like the next two: that stack is not enabled. */
  readonly logsBucketName: string | undefined;
  readonly connectionSecretArn: string | undefined;
  readonly databaseAccessPolicyArn: string | undefined;
  readonly settings: ServiceSettings;
  readonly enableWaf: boolean;
  /** Requests of one address in 5 minutes; undefined only while the web ACL is off. */
  readonly wafRateLimit: number | undefined;
  /** Undefined: 60, the provider's own. */
  readonly idleTimeoutSeconds: number | undefined;
  readonly sslPolicy: string;
}

export interface ContainersAppsOutputs extends CommonOutputs {
  readonly publicAlbArn: Text;
  readonly publicAlbArnSuffix: Text;
  readonly publicAlbDnsName: Text;
  readonly publicAlbZoneId: Text;
  readonly httpsListenerArn: Text;
  readonly clusterArn: Text;
  readonly clusterName: Text;
  /** App → its name in ECS; likewise the next two. Only apps with a port have a target group. */
  readonly serviceNames: Record<string, Text>;
  readonly targetGroupArnSuffixes: Record<string, Text>;
  readonly logGroupNames: Record<string, Text>;
  readonly frontendServiceName: Text;
  readonly applicationUrl: Text;
}

export const FUNCTIONS = ['data-processor', 'file-processor', 'scheduler'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Size of one function. */
export interface FunctionSize {
  /** MB. */
  readonly memory: number;
  /** Seconds. */
  readonly timeout: number;
}

/** Validated parameters of `compute-lambda` (stacks.md 10.15). */
export interface LambdaConfig {
  readonly privateSubnetIds: readonly string[];
  readonly lambdaSecurityGroupId: string;
  readonly applicationKeyArn: string;
  readonly infrastructureKeyArn: string;
  readonly primaryBucketName: string;
  readonly primaryBucketArn: string;
  readonly artifactsBucketName: string;
  /** Part of the contract with storage; packages are read with the rights of who deploys. */
  readonly artifactsBucketArn: string;
  /** Undefined: there is no lake bucket. */
  readonly lakeBucketArn: string | undefined;
  readonly appSecretsReadPolicyArn: string | undefined;
  readonly connectionSecretArn: string | undefined;
  readonly databaseAccessPolicyArn: string | undefined;
  readonly runtime: string;
  readonly architecture: string;
  /** Undefined: the built-in handler, which fails clearly. */
  readonly artifactVersion: string | undefined;
  readonly sizes: Readonly<Record<FunctionName, FunctionSize>>;
  /** Undefined: functions share what the account has. */
  readonly reservedConcurrency: number | undefined;
  readonly enableTracing: boolean;
  readonly batchSize: number;
  readonly batchWindowSeconds: number;
  readonly maxReceiveCount: number;
  /** EventBridge expressions; undefined: that task never runs by itself. */
  readonly dailySchedule: string | undefined;
  readonly hourlySchedule: string | undefined;
  /** Undefined: uploads start nothing. */
  readonly uploadPrefix: string | undefined;
  readonly enableDataPipeline: boolean;
}

export interface LambdaOutputs extends CommonOutputs {
  /** Function → value, likewise the next two. */
  readonly functionArns: Record<string, Text>;
  readonly functionNames: Record<string, Text>;
  readonly logGroupNames: Record<string, Text>;
  readonly taskQueueUrl: Text;
  readonly taskQueueArn: Text;
  readonly taskQueueName: Text;
  readonly taskDlqArn: Text;
  readonly taskDlqName: Text;
  readonly notificationsTopicArn: Text;
  readonly dataPipelineArn: Text;
}

export const BUCKETS = ['primary', 'static-assets', 'logs', 'backups', 'artifacts', 'lake'] as const;
export type BucketName = (typeof BUCKETS)[number];

/** Validated parameters of `storage` (stacks.md 10.6). Days that are undefined leave their rule out. */
export interface StorageConfig {
  readonly privateSubnetIds: readonly string[];
  readonly applicationKeyArn: string;
  readonly databaseKeyArn: string;
  /** `""` only while the file system is off. */
  readonly efsSecurityGroupId: string;
  readonly envDomain: string;
  /** Contains primary, logs and artifacts. */
  readonly buckets: readonly BucketName[];
  readonly iaTransitionDays: number | undefined;
  readonly glacierTransitionDays: number | undefined;
  readonly backupsGlacierDays: number | undefined;
  readonly logExpirationDays: number | undefined;
  readonly artifactExpirationDays: number | undefined;
  readonly noncurrentExpirationDays: number | undefined;
  readonly enableEfs: boolean;
  /** Undefined: the provider's own mode, bursting. */
  readonly efsThroughputMode: string | undefined;
  readonly enableBackup: boolean;
  /** Undefined: backups are kept for ever. */
  readonly backupRetentionDays: number | undefined;
  /** Undefined: backups never go cold. */
  readonly backupColdStorageDays: number | undefined;
}

export interface StorageOutputs extends CommonOutputs {
  readonly primaryBucketName: Text;
  readonly primaryBucketArn: Text;
  readonly staticAssetsBucketName: Text;
  readonly staticAssetsBucketArn: Text;
  readonly logsBucketName: Text;
  readonly logsBucketArn: Text;
  readonly backupsBucketName: Text;
  readonly backupsBucketArn: Text;
  readonly artifactsBucketName: Text;
  readonly artifactsBucketArn: Text;
  readonly lakeBucketName: Text;
  readonly lakeBucketArn: Text;
  readonly sharedEfsId: Text;
  readonly sharedEfsDnsName: Text;
  readonly appAccessPointId: Text;
  readonly appAccessPointArn: Text;
  readonly backupVaultName: Text;
  readonly backupVaultArn: Text;
  readonly backupPlanId: Text;
}

export const EC2_TIERS = ['web', 'worker'] as const;
export type Ec2Tier = (typeof EC2_TIERS)[number];

/** Validated parameters of `compute-ec2` (stacks.md 10.14). What the stacks of undefined inputs would give is left out. */
export interface Ec2Config {
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
  readonly loadBalancerSecurityGroupId: string;
  readonly ec2SecurityGroupId: string;
  readonly webPort: number;
  readonly applicationKeyArn: string;
  readonly infrastructureKeyArn: string;
  /** Both or neither: no record without either. */
  readonly dns: { readonly hostedZoneId: string; readonly domainName: string } | undefined;
  /** Undefined: the load balancer is internal and speaks HTTP (EC2-4). */
  readonly certificateArn: string | undefined;
  readonly appSecretsReadPolicyArn: string | undefined;
  readonly primaryBucketArn: string | undefined;
  readonly artifactsBucketArn: string | undefined;
  readonly logsBucketName: string | undefined;
  readonly databaseAccessPolicyArn: string | undefined;
  readonly amiId: string;
  readonly tiers: readonly Ec2TierSpec[];
  /** GiB; undefined: the size of the image. */
  readonly rootVolumeGiB: number | undefined;
  /** Percent; undefined: the groups do not scale by themselves. */
  readonly targetCpuUtilization: number | undefined;
  /** Undefined: the provider's own, `/`. */
  readonly healthCheckPath: string | undefined;
  /** Shell, at most 12 KiB; undefined: nothing besides what every instance runs. */
  readonly bootstrapScript: string | undefined;
  /** Metrics every minute instead of every five. */
  readonly detailedMonitoring: boolean;
}

export interface Ec2TierSpec {
  readonly name: Ec2Tier;
  readonly instanceType: string;
  readonly minSize: number;
  readonly maxSize: number;
}

export interface Ec2Outputs extends CommonOutputs {
  readonly asgNames: Readonly<Record<string, Text>>;
  readonly roleArns: Readonly<Record<string, Text>>;
  readonly launchTemplateIds: Readonly<Record<string, Text>>;
  readonly logGroupNames: Readonly<Record<string, Text>>;
  readonly albArn: Text;
  readonly albArnSuffix: Text;
  readonly albDnsName: Text;
  readonly albZoneId: Text;
  readonly webTargetGroupArn: Text;
  readonly webTargetGroupArnSuffix: Text;
  readonly endpointUrl: Text;
}

/** Validated parameters of `services-api` (stacks.md 10.13). */
export interface ApiConfig {
  readonly privateSubnetIds: readonly string[];
  readonly vpcLinkSecurityGroupId: string;
  readonly infrastructureKeyArn: string;
  readonly userPoolIssuerUrl: string;
  readonly webClientId: string;
  readonly mobileClientId: string;
  readonly internalListenerArn: string;
  /** Undefined: callers use the endpoint that AWS gives. */
  readonly customDomain: CustomDomain | undefined;
  /** Route keys, e.g. `ANY /api/{proxy+}`. */
  readonly protectedRoutes: readonly string[];
  readonly publicRoutes: readonly string[];
  readonly corsAllowedOrigins: readonly string[];
  /** Undefined: browsers do not keep the answer. */
  readonly corsMaxAgeSeconds: number | undefined;
  /** Requests a second; undefined, like the burst: the limits of the account. */
  readonly throttleRate: number | undefined;
  readonly throttleBurst: number | undefined;
  /** Undefined: the 30 seconds of AWS. */
  readonly integrationTimeoutMs: number | undefined;
}

/** Where the API has a name of its own. */
export interface CustomDomain {
  /** `api.{envDomain}`. */
  readonly name: string;
  readonly hostedZoneId: string;
  readonly certificateArn: string;
}

export interface ApiOutputs extends CommonOutputs {
  readonly apiId: Text;
  readonly apiEndpoint: Text;
  readonly executionArn: Text;
  readonly stageName: Text;
  readonly apiUrl: Text;
  readonly customDomainName: Text;
  readonly vpcLinkId: Text;
  readonly authorizerId: Text;
  readonly accessLogGroupName: Text;
}

export const MFA_MODES = ['OFF', 'OPTIONAL', 'ON'] as const;
export type MfaMode = (typeof MFA_MODES)[number];

/** Validated parameters of `authentication` (stacks.md 10.5). Undefined: the provider's own value. */
export interface AuthenticationConfig {
  /** `""` only while no identity provider needs it. */
  readonly oauthSecretArn: string;
  readonly passwordMinimumLength: number | undefined;
  readonly mfaMode: MfaMode | undefined;
  readonly selfSignUp: boolean;
  /** Complete addresses, at least one. */
  readonly callbackUrls: readonly string[];
  readonly logoutUrls: readonly string[];
  /** `<scheme>://auth`. */
  readonly mobileRedirectUrl: string;
  readonly accessTokenMinutes: number | undefined;
  readonly idTokenMinutes: number | undefined;
  readonly refreshTokenDays: number | undefined;
  readonly groups: readonly string[];
  readonly enableIdentityPool: boolean;
  /** Undefined: nobody signs in with Google. */
  readonly googleClientId: string | undefined;
}

export interface AuthenticationOutputs extends CommonOutputs {
  readonly userPoolId: Text;
  readonly userPoolArn: Text;
  readonly userPoolEndpoint: Text;
  readonly userPoolIssuerUrl: Text;
  readonly userPoolDomain: Text;
  readonly webClientId: Text;
  readonly mobileClientId: Text;
  readonly identityPoolId: Text;
  readonly authenticatedRoleArn: Text;
}
