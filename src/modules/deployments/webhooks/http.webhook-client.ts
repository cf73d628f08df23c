import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isInside, literalAddress, publicOnly } from '../../../shared/http/public-address.js';
import { REQUEST_TIMEOUT_MS } from './webhook.js';
import { type WebhookAnswer, WebhookClient } from './webhook.port.js';

/** The address is looked at again for every request, after its name was resolved: a name may point elsewhere by now. */
export class HttpWebhookClient extends WebhookClient {
  constructor(private readonly allowPrivate: boolean) {
    super();
  }

  async post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<WebhookAnswer> {
    try {
      return { statusCode: await this.send(new URL(url), body, headers), error: null };
    } catch (error) {
      const { name, message } = error as Error;
      const told = name === 'TimeoutError' || name === 'AbortError' ? 'no answer within 10 s' : message;
      return { statusCode: null, error: told };
    }
  }

  private send(url: URL, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const literal = literalAddress(url);
    if (!this.allowPrivate && literal !== null && isInside(literal)) {
      return Promise.reject(new RangeError('its address is not public'));
    }
    return new Promise((resolve, reject) => {
      const request = url.protocol === 'https:' ? requestSecure : requestPlain;
      const outgoing = request(
        url,
        {
          method: 'POST',
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
          ...(this.allowPrivate ? {} : { lookup: publicOnly }),
        },
        (response) => {
          response.destroy();
          resolve(response.statusCode ?? 0);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}
