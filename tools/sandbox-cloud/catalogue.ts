import { CloudError } from './provider.port.js';
import type { ResourceSpec } from './resource-spec.js';
import { CERTIFICATE, CERTIFICATE_VALIDATION } from './types/acm.js';
import {
  API,
  API_MAPPING,
  API_ROUTE,
  AUTHORIZER,
  DOMAIN_NAME,
  INTEGRATION,
  STAGE,
  VPC_LINK,
} from './types/apigateway.js';
import { SCALING_POLICY, SCALING_TARGET } from './types/app-autoscaling.js';
import { AUTO_SCALING_GROUP, GROUP_POLICY } from './types/autoscaling.js';
import { BACKUP_PLAN, BACKUP_SELECTION, BACKUP_VAULT } from './types/backup.js';
import { BUDGET, DASHBOARD, LOG_METRIC_FILTER, METRIC_ALARM } from './types/cloudwatch.js';
import { PROJECT } from './types/codebuild.js';
import { IDENTITY_POOL, IDENTITY_POOL_ROLES } from './types/cognito-identity.js';
import { IDENTITY_PROVIDER, USER_GROUP, USER_POOL, USER_POOL_CLIENT, USER_POOL_DOMAIN } from './types/cognito.js';
import { LIFECYCLE_POLICY, REPLICATION_CONFIGURATION, REPOSITORY, SCANNING_CONFIGURATION } from './types/ecr.js';
import { CLUSTER, CLUSTER_CAPACITY_PROVIDERS, ECS_SERVICE, TASK_DEFINITION } from './types/ecs.js';
import { ACCESS_POINT, EFS_BACKUP_POLICY, FILE_SYSTEM, MOUNT_TARGET } from './types/efs.js';
import { ACCESS_ENTRY, ACCESS_POLICY_ASSOCIATION, ADDON, EKS_CLUSTER, NODE_GROUP } from './types/eks.js';
import { LISTENER, LISTENER_RULE, LOAD_BALANCER, TARGET_GROUP } from './types/elb.js';
import { FLOW_LOG, VPC_ENDPOINT } from './types/endpoints.js';
import { EVENT_RULE, EVENT_TARGET } from './types/events.js';
import { EIP, NAT_GATEWAY } from './types/gateways.js';
import { OPEN_ID_CONNECT_PROVIDER, POLICY, ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT } from './types/iam.js';
import { INSTANCE_PROFILE, LAUNCH_TEMPLATE } from './types/instances.js';
import { ALIAS, KEY } from './types/kms.js';
import { EVENT_SOURCE_MAPPING, FUNCTION, FUNCTION_ALIAS, LAYER_VERSION, PERMISSION } from './types/lambda.js';
import { LOG_GROUP } from './types/logs.js';
import { DB_INSTANCE, DB_PARAMETER_GROUP, DB_SUBNET_GROUP } from './types/rds.js';
import { HEALTH_CHECK, RECORD, ZONE } from './types/route53.js';
import { ROUTE, ROUTE_TABLE, ROUTE_TABLE_ASSOCIATION } from './types/routing.js';
import {
  BUCKET,
  BUCKET_CORS,
  BUCKET_ENCRYPTION,
  BUCKET_LIFECYCLE,
  BUCKET_NOTIFICATION,
  BUCKET_OWNERSHIP_CONTROLS,
  BUCKET_POLICY,
  BUCKET_PUBLIC_ACCESS_BLOCK,
  BUCKET_VERSIONING,
} from './types/s3.js';
import { SECRET, SECRET_ROTATION, SECRET_VERSION } from './types/secrets-manager.js';
import { EGRESS_RULE, INGRESS_RULE, SECURITY_GROUP } from './types/security-groups.js';
import { DISCOVERY_SERVICE, PRIVATE_DNS_NAMESPACE } from './types/service-discovery.js';
import { QUEUE, TOPIC, TOPIC_POLICY, TOPIC_SUBSCRIPTION } from './types/sns-sqs.js';
import { STATE_MACHINE } from './types/step-functions.js';
import { DEFAULT_SECURITY_GROUP, INTERNET_GATEWAY, SUBNET, VPC } from './types/vpc.js';
import { WEB_ACL, WEB_ACL_ASSOCIATION } from './types/waf.js';

/** Every resource type of the sandbox by its token. A new type is a table entry under types/ and its name here. */
export const SPECS: ReadonlyMap<string, ResourceSpec> = new Map(
  [
    ACCESS_ENTRY,
    ACCESS_POINT,
    ACCESS_POLICY_ASSOCIATION,
    ADDON,
    ALIAS,
    API,
    API_MAPPING,
    API_ROUTE,
    AUTHORIZER,
    AUTO_SCALING_GROUP,
    BACKUP_PLAN,
    BACKUP_SELECTION,
    BACKUP_VAULT,
    BUCKET,
    BUCKET_CORS,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_NOTIFICATION,
    BUCKET_OWNERSHIP_CONTROLS,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS_BLOCK,
    BUCKET_VERSIONING,
    BUDGET,
    CERTIFICATE,
    CERTIFICATE_VALIDATION,
    CLUSTER,
    CLUSTER_CAPACITY_PROVIDERS,
    DASHBOARD,
    DB_INSTANCE,
    DB_PARAMETER_GROUP,
    DB_SUBNET_GROUP,
    DEFAULT_SECURITY_GROUP,
    DISCOVERY_SERVICE,
    DOMAIN_NAME,
    ECS_SERVICE,
    EFS_BACKUP_POLICY,
    EGRESS_RULE,
    EIP,
    EKS_CLUSTER,
    EVENT_RULE,
    EVENT_SOURCE_MAPPING,
    EVENT_TARGET,
    FILE_SYSTEM,
    FLOW_LOG,
    FUNCTION,
    FUNCTION_ALIAS,
    GROUP_POLICY,
    HEALTH_CHECK,
    IDENTITY_POOL,
    IDENTITY_POOL_ROLES,
    IDENTITY_PROVIDER,
    INGRESS_RULE,
    INSTANCE_PROFILE,
    INTEGRATION,
    INTERNET_GATEWAY,
    KEY,
    LAUNCH_TEMPLATE,
    LAYER_VERSION,
    LIFECYCLE_POLICY,
    LISTENER,
    LISTENER_RULE,
    LOAD_BALANCER,
    LOG_GROUP,
    LOG_METRIC_FILTER,
    METRIC_ALARM,
    MOUNT_TARGET,
    NAT_GATEWAY,
    NODE_GROUP,
    OPEN_ID_CONNECT_PROVIDER,
    PERMISSION,
    POLICY,
    PRIVATE_DNS_NAMESPACE,
    PROJECT,
    QUEUE,
    RECORD,
    REPLICATION_CONFIGURATION,
    REPOSITORY,
    ROLE,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SCALING_POLICY,
    SCALING_TARGET,
    SCANNING_CONFIGURATION,
    SECRET,
    SECRET_ROTATION,
    SECRET_VERSION,
    SECURITY_GROUP,
    STAGE,
    STATE_MACHINE,
    SUBNET,
    TARGET_GROUP,
    TASK_DEFINITION,
    TOPIC,
    TOPIC_POLICY,
    TOPIC_SUBSCRIPTION,
    USER_GROUP,
    USER_POOL,
    USER_POOL_CLIENT,
    USER_POOL_DOMAIN,
    VPC,
    VPC_ENDPOINT,
    VPC_LINK,
    WEB_ACL,
    WEB_ACL_ASSOCIATION,
    ZONE,
  ].map((spec) => [spec.type, spec]),
);

/** @throws CloudError UnsupportedResourceType, naming it */
export function specOf(type: string): ResourceSpec {
  const spec = SPECS.get(type);
  if (!spec)
    throw new CloudError('UnsupportedResourceType', `the sandbox cloud does not know the resource type ${type}`);
  return spec;
}
