import { lookup as lookUpHost, type LookupAddress } from 'node:dns';
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { HealthProbe } from './health-probe.port.js';
import type { HealthResult } from './verify-rules.js';

/** Stack → output with the address that its users see. */
const ADDRESSES: Readonly<Record<string, string>> = {
  'containers-apps': 'applicationUrl',
  'compute-ec2': 'endpointUrl',
  'services-api': 'apiUrl',
};
const TIMEOUT_MS = 5_000;

/** Addresses of our own networks: a stack's output must not make the server ask them. */
const INSIDE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  INSIDE.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  INSIDE.addSubnet(network, prefix, 'ipv6');
}

/** One GET of the public address; any answer below 500 means that something answers. Redirects are not followed. */
export class HttpHealthProbe extends HealthProbe {
  async ask(stack: string, outputs: Readonly<Record<string, unknown>>): Promise<HealthResult> {
    const output = ADDRESSES[stack];
    if (output === undefined) return { kind: 'none', message: 'no probe for this stack' };
    const address = outputs[output];
    const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : null;
    if (!url || !['http:', 'https:'].includes(url.protocol)) {
      return { kind: 'none', message: `${output} is no web address` };
    }
    try {
      const status = await statusOf(url);
      return { kind: status < 500 ? 'answers' : 'fails', message: `${url.host} answers ${status}` };
    } catch (error) {
      return { kind: 'fails', message: `${url.host} does not answer: ${(error as Error).message}` };
    }
  }
}

function statusOf(url: URL): Promise<number> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isInside(host)) return Promise.reject(new RangeError('its address is not public'));
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getSecure : getPlain;
    const options = { lookup: publicOnly, signal: AbortSignal.timeout(TIMEOUT_MS) };
    get(url, options, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}

/** The address that is checked is the one that is asked. */
const publicOnly: LookupFunction = (hostname, options, callback) => {
  lookUpHost(hostname, { ...options, all: true }, (error, found: readonly LookupAddress[]) => {
    const [first] = found ?? [];
    if (error || !first) return callback(error ?? new RangeError('it has no address'), '', 4);
    if (found.some(({ address }) => isInside(address))) {
      return callback(new RangeError('its address is not public'), '', 4);
    }
    return options.all ? callback(null, [...found]) : callback(null, first.address, first.family);
  });
};

export function isInside(address: string): boolean {
  return INSIDE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
