import type { BackendAccess } from '../platform-access.js';
import { isObject } from '../embedded/property-value.js';
import { readCommandFailure } from './pulumi.errors.js';
import type { Workspace } from './workspace.js';

/**
 * What may be done in a backend (deployments.md 8.5, PUL-002 and PUL-003).
 * 1. The command line is asked who it is there; a backend of files and buckets answers the user of the host.
 * 2. Pulumi Cloud also tells whose stacks that user may touch.
 * 3. With `probe` a stack is made, read and removed: its name must be free.
 */
export async function askBackend(
  workspace: Workspace,
  known: Pick<BackendAccess, 'cliVersion' | 'minimumVersion' | 'organization'> & {
    /** Of the stack in the backend, for the probe. */
    readonly stack: string;
    /** Pulumi Cloud: organizations are real. */
    readonly isCloud: boolean;
  },
  probe: boolean,
): Promise<BackendAccess> {
  const { stack, isCloud, ...facts } = known;
  const base: BackendAccess = { ...NOBODY, ...facts, cliInstalled: true };
  const asked = await workspace.run(['whoami', '--json', ...PLAIN]);
  if (asked.code !== 0) return { ...base, problem: problemIn(asked) };
  const { user, organizations } = readUser(asked.stdout);
  const knows: BackendAccess = { ...base, loggedIn: true, user };
  if (isCloud && user !== known.organization && !organizations.includes(known.organization)) {
    const problem = `${user} is no member of ${known.organization}`;
    return { ...knows, canCreate: false, canRead: false, canWrite: false, problem };
  }
  return probe ? { ...knows, ...(await tryOut(workspace, stack)) } : knows;
}

const PLAIN = ['--non-interactive', '--color', 'never'];

const NOBODY = {
  loggedIn: false,
  user: null,
  canCreate: null,
  canRead: null,
  canWrite: null,
  problem: null,
} as const;

/** No command line answered. */
export function withoutCommandLine(
  facts: Pick<BackendAccess, 'minimumVersion' | 'organization'>,
  problem: string,
): BackendAccess {
  return { ...NOBODY, ...facts, cliInstalled: false, cliVersion: null, problem };
}

async function tryOut(
  workspace: Workspace,
  stack: string,
): Promise<Pick<BackendAccess, 'canCreate' | 'canRead' | 'canWrite' | 'problem'>> {
  try {
    await workspace.makeStack();
  } catch (error) {
    return { canCreate: false, canRead: null, canWrite: null, problem: (error as Error).message };
  }
  const canRead = await workspace.export().then(
    (state) => state !== null,
    () => false,
  );
  const removed = await workspace.run(['stack', 'rm', stack, '--yes', ...PLAIN]);
  const canWrite = removed.code === 0;
  return { canCreate: true, canRead, canWrite, problem: canWrite ? null : problemIn(removed) };
}

function readUser(answer: string): { readonly user: string; readonly organizations: readonly string[] } {
  const told: unknown = JSON.parse(answer);
  const { user, organizations } = isObject(told) ? told : {};
  return {
    user: typeof user === 'string' ? user : 'unknown',
    organizations: Array.isArray(organizations) ? organizations.map(String) : [],
  };
}

function problemIn({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return readCommandFailure(stderr || stdout).message;
}
