import type { StackTemplates } from '../../templates/stack-template.js';
import type { StackInstance } from './environment.js';
import { endpointOutputs, endpointsOf } from './endpoints.js';

const TEMPLATES = new Map([
  [
    'services-api',
    {
      name: 'services-api',
      outputs: {
        apiUrl: { type: 'string', secret: false, endpoint: true },
        keyUrl: { type: 'string', secret: true, endpoint: true },
        apiId: { type: 'string', secret: false },
      },
    },
  ],
  ['dns', { name: 'dns', outputs: { domainName: { type: 'string', secret: false, endpoint: true } } }],
]) as unknown as StackTemplates;

const instance = (
  stack: string,
  outputs: Record<string, unknown>,
  more: { status?: StackInstance['status']; secret?: boolean } = {},
): Pick<StackInstance, 'stack' | 'status' | 'outputs'> => ({
  stack,
  status: more.status ?? 'deployed',
  outputs: Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, { value, secret: more.secret ?? false }]),
  ),
});
const found = (...instances: ReturnType<typeof instance>[]): Record<string, string> =>
  endpointsOf(instances, endpointOutputs(TEMPLATES));

describe('[9.1] endpoints of an environment', () => {
  it('are the flagged outputs of what is deployed, by stack and output', () => {
    const api = instance('services-api', { apiUrl: 'https://api.shop.example.com', apiId: 'a1' });
    expect(found(api, instance('dns', { domainName: 'shop.example.com' }))).toEqual({
      'dns.domainName': 'shop.example.com',
      'services-api.apiUrl': 'https://api.shop.example.com',
    });
  });

  it.each([
    ['a secret by declaration', instance('services-api', { keyUrl: 'https://key' })],
    ['a secret made by the program', instance('services-api', { apiUrl: 'https://api' }, { secret: true })],
    ['an empty one', instance('services-api', { apiUrl: '' })],
    ['what is no text', instance('services-api', { apiUrl: { host: 'x' } })],
    ['a stack that is gone', instance('services-api', { apiUrl: 'https://api' }, { status: 'destroyed' })],
    ['a stack that nobody knows any more', instance('retired', { apiUrl: 'https://api' })],
  ])('leave out %s', (_what, gone) => {
    expect(found(gone)).toEqual({});
  });
});
