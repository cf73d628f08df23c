import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { AwsClients, AwsPlace } from './aws.clients.js';

/** Access key → its account: a key belongs to one account for ever. */
const ACCOUNTS = new WeakMap<AwsClients, Map<string, string>>();

/**
 * Account of the credentials, 12 digits. Asked once per access key, so that rotated ones are noticed.
 * @throws LookUpFailed
 */
export async function callerAccount(clients: AwsClients, place: AwsPlace): Promise<string> {
  const known = ACCOUNTS.get(clients) ?? new Map<string, string>();
  ACCOUNTS.set(clients, known);
  return clients.ask('whose credentials these are', place, async (abortSignal) => {
    const sts = clients.sts(place);
    const { accessKeyId } = await sts.config.credentials();
    const account =
      known.get(accessKeyId) ?? (await sts.send(new GetCallerIdentityCommand({}), { abortSignal })).Account ?? '';
    known.set(accessKeyId, account);
    return account;
  });
}
