import type { CloudResource } from '../account-store.port.js';
import { parseJson } from '../inputs.js';
import { claimOf, type CloudView, textOf } from '../resource-spec.js';

/**
 * What a role may do, as far as services ask before they accept it: Lambda and Step Functions refuse a role that cannot do what
 * the configuration needs. Resources and conditions are not weighed, denials not looked for.
 */

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
}

/** What AWS's own policies allow, of those that matter here; any other one of AWS is taken to allow everything. */
const AWS_POLICIES: Readonly<Record<string, readonly string[]>> = {
  AWSLambdaBasicExecutionRole: ['logs:*'],
  AWSLambdaVPCAccessExecutionRole: [
    'logs:*',
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DeleteNetworkInterface',
  ],
  AWSLambdaSQSQueueExecutionRole: ['logs:*', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  AWSXRayDaemonWriteAccess: ['xray:*'],
};

export async function roleAllows(cloud: CloudView, role: CloudResource, action: string): Promise<boolean> {
  const ref = claimOf('global', 'iam-role', role.id);
  const inline = await cloud.find({ type: 'aws:iam/rolePolicy:RolePolicy', ref });
  if (inline.some(({ inputs }) => documentAllows(textOf(inputs.policy), action))) return true;
  const attached = await cloud.find({ type: 'aws:iam/rolePolicyAttachment:RolePolicyAttachment', ref });
  for (const { inputs } of attached) {
    if (await policyAllows(cloud, String(inputs.policyArn), action)) return true;
  }
  return false;
}

/** True when the trust policy lets the service take the role. */
export function roleTrusts(role: CloudResource, service: string): boolean {
  return statementsOf(textOf(role.inputs.assumeRolePolicy)).some(({ Effect, Principal }) => {
    const { Service } = (typeof Principal === 'object' && Principal !== null ? Principal : {}) as { Service?: unknown };
    return Effect === 'Allow' && [Service ?? []].flat().includes(service);
  });
}

async function policyAllows(cloud: CloudView, arn: string, action: string): Promise<boolean> {
  if (arn.startsWith('arn:aws:iam::aws:policy/')) {
    const known = AWS_POLICIES[arn.split('/').pop() ?? ''];
    return known === undefined || known.some((pattern) => matches(pattern, action));
  }
  const [policy] = await cloud.findByClaims([claimOf('global', 'iam-policy', arn)]);
  return documentAllows(textOf(policy?.inputs.policy), action);
}

function documentAllows(document: string | undefined, action: string): boolean {
  return statementsOf(document).some(
    ({ Effect, Action }) =>
      Effect === 'Allow' && [Action ?? []].flat().some((pattern) => matches(String(pattern), action)),
  );
}

function statementsOf(document: string | undefined): Statement[] {
  const parsed = document === undefined ? undefined : (parseJson(document) as { Statement?: Statement | Statement[] });
  return [parsed?.Statement ?? []].flat();
}

/** `*` stands for any characters; actions differ by more than case. */
function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'i').test(action);
}
