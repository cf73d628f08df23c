import { Dashboard } from '@pulumi/aws/cloudwatch/index.js';
import * as pulumi from '@pulumi/pulumi';
import { type Context, type MonitoringConfig, name, NAME_LIMITS, opts } from '../../shared/index.js';
import { healthChecks } from './alarms-network.js';
import type { LogMetrics } from './log-metrics.js';

/** Namespace, metric, then dimension names and values by turns; or one search expression. */
type Metric = readonly string[] | readonly [{ readonly expression: string }];

interface Graph {
  readonly title: string;
  readonly stat: string;
  readonly metrics: readonly Metric[];
  /** Where the metric lives, when it is not the stack's own region. */
  readonly region?: string;
}

interface Row {
  readonly stack: string;
  readonly graphs: readonly Graph[];
}

/** CloudWatch's grid is 24 units wide. */
const GRAPH = { width: 8, height: 6 };
const HEADING = { width: 24, height: 1 };
const ROW_HEIGHT = HEADING.height + GRAPH.height;

/** One dashboard with a row per stack that is enabled. */
export function createDashboard(ctx: Context, cfg: MonitoringConfig, logs: LogMetrics): Dashboard {
  const widgets = rows(cfg, logs).flatMap(({ stack, graphs }, index) => {
    const y = index * ROW_HEIGHT;
    return [
      { type: 'text', x: 0, y, ...HEADING, properties: { markdown: `## ${stack}` } },
      ...graphs.map(({ title, stat, metrics, region }, column) => ({
        type: 'metric',
        x: column * GRAPH.width,
        y: y + HEADING.height,
        ...GRAPH,
        properties: { title, stat, metrics, region: region ?? ctx.region, period: 300, view: 'timeSeries' },
      })),
    ];
  });
  return new Dashboard(
    'dashboard',
    {
      dashboardName: name(ctx, 'overview', NAME_LIMITS.dashboard),
      dashboardBody: pulumi.jsonStringify({ widgets }),
    },
    opts(ctx),
  );
}

function rows(cfg: MonitoringConfig, logs: LogMetrics): Row[] {
  return [
    ...network(cfg),
    ...dns(cfg),
    ...authentication(cfg),
    ...storage(cfg),
    ...database(cfg),
    ...containers('containers-apps', cfg.appsClusterName, cfg.appsServiceNames, cfg.appsAlbArnSuffix),
    ...containers('services-ecs', cfg.ecsClusterName, cfg.ecsServiceNames, cfg.ecsAlbArnSuffix),
    ...kubernetes(cfg),
    ...api(cfg),
    ...instances(cfg),
    ...functions(cfg),
    ...logged(logs),
  ];
}

function network({ natGatewayIds }: MonitoringConfig): Row[] {
  if (natGatewayIds.length === 0) return [];
  const of = (metric: string): Metric[] => natGatewayIds.map((id) => ['AWS/NATGateway', metric, 'NatGatewayId', id]);
  return [
    {
      stack: 'network',
      graphs: [
        { title: 'NAT port allocation errors', stat: 'Sum', metrics: of('ErrorPortAllocation') },
        { title: 'NAT bytes out', stat: 'Sum', metrics: of('BytesOutToDestination') },
        { title: 'NAT connections', stat: 'Maximum', metrics: of('ActiveConnectionCount') },
      ],
    },
  ];
}

function dns(cfg: MonitoringConfig): Row[] {
  const checks = healthChecks(cfg);
  if (checks.length === 0) return [];
  return [
    {
      stack: 'dns',
      graphs: [
        {
          title: 'Health check status',
          stat: 'Minimum',
          metrics: checks.map(([, id]) => ['AWS/Route53', 'HealthCheckStatus', 'HealthCheckId', id]),
          region: 'us-east-1', // Route 53 publishes there alone
        },
      ],
    },
  ];
}

function authentication({ userPoolId }: MonitoringConfig): Row[] {
  if (userPoolId === undefined) return [];
  const of = (metric: string): Metric[] => [
    [
      {
        expression: `SEARCH('{AWS/Cognito,UserPool,UserPoolClient} MetricName="${metric}" UserPool="${userPoolId}"', 'Sum', 300)`,
      },
    ],
  ];
  return [
    {
      stack: 'authentication',
      graphs: [
        { title: 'Sign-ins', stat: 'Sum', metrics: of('SignInSuccesses') },
        { title: 'Token refreshes', stat: 'Sum', metrics: of('TokenRefreshSuccesses') },
      ],
    },
  ];
}

function storage({ primaryBucketName }: MonitoringConfig): Row[] {
  if (primaryBucketName === undefined) return [];
  const of = (metric: string, type: string): Metric[] => [
    ['AWS/S3', metric, 'BucketName', primaryBucketName, 'StorageType', type],
  ];
  return [
    {
      stack: 'storage',
      graphs: [
        { title: 'Bytes stored', stat: 'Average', metrics: of('BucketSizeBytes', 'StandardStorage') },
        { title: 'Objects', stat: 'Average', metrics: of('NumberOfObjects', 'AllStorageTypes') },
      ],
    },
  ];
}

function database({ databaseInstanceId, databaseReplicaId }: MonitoringConfig): Row[] {
  const ids = [databaseInstanceId, databaseReplicaId].filter((id) => id !== undefined);
  if (databaseInstanceId === undefined) return [];
  const of = (metric: string): Metric[] => ids.map((id) => ['AWS/RDS', metric, 'DBInstanceIdentifier', id]);
  return [
    {
      stack: 'database-rds',
      graphs: [
        { title: 'CPU percent', stat: 'Average', metrics: of('CPUUtilization') },
        { title: 'Connections', stat: 'Average', metrics: of('DatabaseConnections') },
        { title: 'Free storage', stat: 'Minimum', metrics: of('FreeStorageSpace') },
      ],
    },
  ];
}

function containers(
  stack: string,
  cluster: string | undefined,
  services: Readonly<Record<string, string>>,
  balancer: string | undefined,
): Row[] {
  if (cluster === undefined) return [];
  const of = (metric: string): Metric[] =>
    Object.values(services).map((service) => ['AWS/ECS', metric, 'ClusterName', cluster, 'ServiceName', service]);
  return [
    {
      stack,
      graphs: [
        { title: 'CPU percent', stat: 'Average', metrics: of('CPUUtilization') },
        { title: 'Memory percent', stat: 'Average', metrics: of('MemoryUtilization') },
        ...(balancer === undefined ? [] : [balancerGraph(balancer)]),
      ],
    },
  ];
}

function balancerGraph(balancer: string): Graph {
  return {
    title: 'Requests and server errors',
    stat: 'Sum',
    metrics: ['RequestCount', 'HTTPCode_Target_5XX_Count'].map((metric) => [
      'AWS/ApplicationELB',
      metric,
      'LoadBalancer',
      balancer,
    ]),
  };
}

function kubernetes({ eksClusterName }: MonitoringConfig): Row[] {
  if (eksClusterName === undefined) return [];
  const of = (...metrics: string[]): Metric[] =>
    metrics.map((metric) => ['AWS/EKS', metric, 'ClusterName', eksClusterName]);
  return [
    {
      stack: 'services-eks',
      graphs: [
        {
          title: 'API server requests',
          stat: 'Sum',
          metrics: of('apiserver_request_total', 'apiserver_request_total_5XX'),
        },
      ],
    },
  ];
}

function api({ apiId }: MonitoringConfig): Row[] {
  if (apiId === undefined) return [];
  const of = (...metrics: string[]): Metric[] => metrics.map((metric) => ['AWS/ApiGateway', metric, 'ApiId', apiId]);
  return [
    {
      stack: 'services-api',
      graphs: [
        { title: 'Requests', stat: 'Sum', metrics: of('Count') },
        { title: 'Errors', stat: 'Sum', metrics: of('4xx', '5xx') },
        { title: 'Latency p95', stat: 'p95', metrics: of('Latency', 'IntegrationLatency') },
      ],
    },
  ];
}

function instances({ asgNames, ec2AlbArnSuffix }: MonitoringConfig): Row[] {
  const groups = Object.values(asgNames);
  if (groups.length === 0) return [];
  return [
    {
      stack: 'compute-ec2',
      graphs: [
        {
          title: 'CPU percent',
          stat: 'Average',
          metrics: groups.map((group) => ['AWS/EC2', 'CPUUtilization', 'AutoScalingGroupName', group]),
        },
        ...(ec2AlbArnSuffix === undefined ? [] : [balancerGraph(ec2AlbArnSuffix)]),
      ],
    },
  ];
}

function functions({ lambdaFunctionNames, taskQueueName, taskDlqName }: MonitoringConfig): Row[] {
  const names = Object.values(lambdaFunctionNames);
  const queues = [taskQueueName, taskDlqName].filter((queue) => queue !== undefined);
  if (names.length === 0 && queues.length === 0) return [];
  const of = (metric: string): Metric[] => names.map((one) => ['AWS/Lambda', metric, 'FunctionName', one]);
  return [
    {
      stack: 'compute-lambda',
      graphs: [
        { title: 'Invocations', stat: 'Sum', metrics: of('Invocations') },
        { title: 'Errors', stat: 'Sum', metrics: of('Errors') },
        {
          title: 'Messages waiting',
          stat: 'Maximum',
          metrics: queues.map((queue) => ['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', queue]),
        },
      ].filter(({ metrics }) => metrics.length > 0),
    },
  ];
}

function logged({ namespace, errorMetric, alarms }: LogMetrics): Row[] {
  if (Object.keys(alarms).length === 0) return [];
  return [{ stack: 'Logs', graphs: [{ title: 'Logged errors', stat: 'Sum', metrics: [[namespace, errorMetric]] }] }];
}
