import { Injectable } from '@nestjs/common';
import {
  type EventName,
  RUN_ENDS,
  RUN_STARTS,
  type RunProgress,
  type RunStarted,
  type StoredEvent,
} from '../../shared/events/events.js';
import { type EventFilter, EventsRepository } from '../../shared/events/events.repository.js';
import { Ids } from '../../shared/kernel/ids.js';

/** Where the running operation of a channel stands, for a client that subscribes late. */
export abstract class SnapshotSource {
  /** A `deployment_progress` event; null when no operation is running. @param upTo position the client starts from */
  abstract find(filter: EventFilter, upTo: number): Promise<StoredEvent | null>;
}

const ENDS: readonly EventName[] = [...RUN_ENDS, 'error'];

/** Reads it from the stored events: the last progress unless an end came after it. */
@Injectable()
export class StoredSnapshots extends SnapshotSource {
  constructor(
    private readonly events: EventsRepository,
    private readonly ids: Ids,
  ) {
    super();
  }

  async find(filter: EventFilter, upTo: number): Promise<StoredEvent | null> {
    const types: readonly EventName[] = ['deployment_progress', ...RUN_STARTS, ...ENDS];
    const [last] = await this.events.readBefore({ ...filter, types }, upTo + 1, 1);
    if (!last) return null;
    if (last.type === 'deployment_progress') return last;
    if (last.type === 'deployment_started' || last.type === 'destroy_started') {
      return { ...last, id: this.ids.uuid(), type: 'deployment_progress', data: { ...atStart(last) } };
    }
    const goesOn =
      last.type === 'rollback_started' || (last.type === 'deployment_failed' && last.data['rollback'] === 'started');
    if (!goesOn || !last.scope.operationId) return null;
    const [progress] = await this.events.readBefore(
      { ...filter, operationId: last.scope.operationId, types: ['deployment_progress'] },
      upTo + 1,
      1,
    );
    return progress ?? null;
  }
}

/** A run that has started and told nothing yet. */
function atStart(started: StoredEvent): RunProgress {
  const { totalStacks, skippedStacks, estimatedDuration } = started.data as unknown as RunStarted;
  return {
    progressPercent: 0,
    totalStacks,
    deployedStacks: 0,
    failedStacks: 0,
    skippedStacks: skippedStacks.length,
    currentLayer: null,
    currentStack: null,
    estimatedTimeRemaining: estimatedDuration,
  };
}
