import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { isInside, literalAddress, publicOnly } from '../../../shared/http/public-address.js';
import { HealthProbe } from './health-probe.port.js';
import type { HealthResult } from './verify-rules.js';

/** Stack → output with the address that its users see. */
const ADDRESSES: Readonly<Record<string, string>> = {
  'containers-apps': 'applicationUrl',
  'compute-ec2': 'endpointUrl',
  'services-api': 'apiUrl',
};
const TIMEOUT_MS = 5_000;

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
  const literal = literalAddress(url);
  if (literal !== null && isInside(literal)) return Promise.reject(new RangeError('its address is not public'));
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getSecure : getPlain;
    const options = { lookup: publicOnly, signal: AbortSignal.timeout(TIMEOUT_MS) };
    get(url, options, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}
