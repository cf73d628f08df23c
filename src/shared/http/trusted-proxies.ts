import proxyaddr from '@fastify/proxy-addr';
import type { Config } from '../config/config.js';

/** TRUST_PROXY as a rule: is the address, `hop` steps in front of this server, a proxy of ours? */
export function trustedProxies(setting: Config['server']['trustProxy']): (address: string, hop: number) => boolean {
  if (typeof setting === 'boolean') return () => setting;
  if (typeof setting === 'number') return (_address, hop) => hop < setting;
  return proxyaddr.compile([...setting]);
}
