/**
 * The reason given to `AbortController.abort` for a run:
 * `cancelled` – somebody asked for it (deployments.md 7.12); `lease_lost` – another process holds the lease, nothing may be
 * written any more; `shutdown` – this process ends, a successor continues from the journal.
 */
export class RunStop {
  constructor(
    readonly kind: 'cancelled' | 'lease_lost' | 'shutdown',
    readonly by: string | null = null,
    readonly reason: string | null = null,
    /** No grace for running stacks. */
    readonly force = false,
    /** Roll back what this operation changed. */
    readonly rollback = false,
  ) {}

  static cancelled(request: {
    readonly by: string;
    readonly reason: string | null;
    readonly force: boolean;
    readonly rollback: boolean;
  }): RunStop {
    return new RunStop('cancelled', request.by, request.reason, request.force, request.rollback);
  }
}
