import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** One resource as the program asked the engine to register it. */
export interface Registered {
  /** Pulumi type token, e.g. `aws:ec2/vpc:Vpc`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  /** Logical names, both from `dependsOn` and from inputs. */
  readonly dependencies: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly timeouts: { readonly create: string; readonly update: string; readonly delete: string } | null;
}

export interface ProgramRun {
  /** Without the root stack, which mocks do not register. */
  readonly resources: readonly Registered[];
  readonly invokes: readonly { readonly token: string; readonly inputs: Readonly<Record<string, unknown>> }[];
  readonly warnings: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly undefinedOutputs: readonly string[];
  /** Set when the program threw; `key` when it refused an input. */
  readonly error?: { readonly name: string; readonly message: string; readonly key?: string };
}

/**
 * Runs stack programs under Pulumi mocks in one child process, one after the other: Jest would load the SDK anew for every run.
 * Close it when done.
 */
export class ProgramHost {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve(run: ProgramRun): void; reject(error: Error): void }>();
  private lastId = 0;

  constructor() {
    this.child = fork(join(__dirname, 'mock-host.cjs'), { execArgv: [], env: { ...process.env, NODE_OPTIONS: '' } });
    this.child.on('message', ({ id, run }: { id: number; run: ProgramRun }) => {
      this.waiting.get(id)?.resolve(run);
      this.waiting.delete(id);
    });
    this.child.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`the mock host ended with ${code}`));
      this.waiting.clear();
    });
  }

  /** `config`: complete keys (`network:vpcCidr`) and values as text, as Pulumi hands them to a program. */
  run(stack: string, config: Readonly<Record<string, string>>, preview = false): Promise<ProgramRun> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      if (!this.child.connected) return reject(new Error('the mock host has ended'));
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, stack, config, preview });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.child.exitCode !== null) return resolve();
      this.child.once('exit', () => resolve());
      this.child.disconnect();
    });
  }
}

/** Resources per type token. */
export function countByType(run: ProgramRun): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of run.resources) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** The resource of that logical name. */
export function resource(run: ProgramRun, name: string): Registered {
  const found = run.resources.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no resource ${name} among ${run.resources.map((one) => one.name).join(', ')}`);
  return found;
}
