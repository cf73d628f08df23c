import { AwsCloudQueries } from '../../src/modules/orchestrator/placeholders/aws.cloud-queries.js';
import type { AwsSettings } from '../../src/modules/orchestrator/placeholders/aws.clients.js';
import type { AwsEndpoint, AwsImage, AwsWorld } from '../fakes/aws-endpoint.js';

const KEY = 'AKIAEXAMPLE';
const UBUNTU = 'ubuntu/images/hvm-ssd/ubuntu-jammy-22.04';

/** Of both architectures; the newest is neither the first nor the last of its page. */
function images(owner: string, name: (architecture: string, date: string) => string, digit: string): AwsImage[] {
  return ['x86_64', 'arm64'].flatMap((architecture, index) =>
    ['20240105', '20260317', '20250211'].map((date) => ({
      id: `ami-${digit}${index}${date}${'0'.repeat(7)}`,
      owner,
      name: name(architecture, date),
      architecture,
      created: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00.000Z`,
    })),
  );
}

/** An account with everything that look-ups ask for. */
export function anAwsWorld(fields: Partial<AwsWorld> = {}): AwsWorld {
  return {
    account: '111111111111',
    accessKeyId: KEY,
    images: [
      ...images('amazon', (architecture, date) => `amzn2-ami-hvm-2.0.${date}.0-${architecture}-gp2`, 'a'),
      ...images('amazon', (architecture, date) => `al2023-ami-2023.7.${date}.0-kernel-6.1-${architecture}`, 'b'),
      ...images(
        '099720109477',
        (architecture, date) => `${UBUNTU}-${architecture === 'x86_64' ? 'amd64' : 'arm64'}-server-${date}`,
        'c',
      ),
    ],
    zones: [{ name: 'eu-west-1c' }, { name: 'eu-west-1a' }, { name: 'eu-west-1b' }],
    parameters: {
      '/shop/name': { type: 'String', value: 'Shop' },
      '/shop/zones': { type: 'StringList', value: 'a,b,c' },
      '/shop/token': { type: 'SecureString', value: 'hidden-token' },
    },
    secrets: { 'shop/db': '{"user":"shop"}', 'shop/bytes': null },
    hostedZones: [{ id: 'Z0123456789ABCDEFGHIJ', name: 'shop.example.com.' }],
    certificates: [{ arn: certificateArn(1), domain: 'shop.example.com' }],
    vpcs: [
      { id: 'vpc-0000000000000000a', isDefault: true },
      { id: 'vpc-0000000000000000b', tags: { Name: 'shop-main' } },
    ],
    subnets: [{ id: 'subnet-0000000000000000a', tags: { Name: 'shop-private-a' } }],
    ...fields,
  };
}

export function certificateArn(number: number): string {
  const digits = String(number).padStart(12, '0');
  return `arn:aws:acm:eu-west-1:111111111111:certificate/00000000-0000-4000-8000-${digits}`;
}

/** With the account's own key and short limits. */
export function awsQueries(endpoint: AwsEndpoint, settings: AwsSettings = {}): AwsCloudQueries {
  return new AwsCloudQueries({
    endpoint: endpoint.url,
    credentials: { accessKeyId: KEY, secretAccessKey: 'example' },
    ...settings,
  });
}
