import type { ReadyQueue } from './ready-queue.js';
import type { RunParts } from './run-parts.js';

export interface ReadyWork {
  readonly queue: ReadyQueue;
  /** Were running when an earlier process died; they start at once. */
  readonly interrupted: readonly string[];
  /** Does one stack and tells the queue how it ended. Rejects only with what makes the run give up. */
  readonly work: (name: string) => Promise<void>;
  /** true = no further stack starts. */
  readonly isStopped: () => boolean;
  /** Aborted: no further stack starts. */
  readonly stop: AbortSignal;
}

/**
 * Starts stacks as they get ready, at most `parallel` at once, while the process has room and the run is not paused; returns when
 * none runs and none may start any more. What is left in the queue then never started.
 * @throws what made the run give up
 */
export async function runReady(
  parts: RunParts,
  { queue, interrupted, work, isStopped, stop }: ReadyWork,
): Promise<void> {
  const { slots, pause, control, request } = parts;
  const { parallel } = request.options;
  const running = new Map<string, Promise<void>>();
  const start = (name: string, giveBack?: () => void): void => {
    running.set(
      name,
      work(name).finally(() => {
        running.delete(name);
        giveBack?.();
      }),
    );
  };
  for (const name of interrupted) start(name, slots.take(request.operationId) ?? undefined);
  for (;;) {
    let waitsForRoom = false;
    const mayStart = (): boolean => running.size < parallel && !isStopped() && !stop.aborted;
    while (mayStart() && !pause.isPaused && queue.hasReady()) {
      const giveBack = slots.take(request.operationId);
      waitsForRoom = giveBack === null;
      if (!giveBack) break;
      start(queue.take() ?? '', giveBack);
    }
    if (!waitsForRoom) slots.leave(request.operationId);
    const waitsForResume = mayStart() && pause.isPaused && queue.hasReady();
    if (running.size === 0 && !waitsForRoom && !waitsForResume) return;
    const turn = new AbortController();
    const over = AbortSignal.any([stop, turn.signal]);
    try {
      await Promise.race([
        ...running.values(),
        ...(waitsForRoom ? [slots.room(request.operationId, over)] : []),
        ...(waitsForResume ? [pause.changed(over)] : []),
      ]);
    } catch (cause) {
      control.giveUp(cause);
      await Promise.allSettled(running.values());
    } finally {
      turn.abort();
    }
    control.throwIfGivenUp();
  }
}
