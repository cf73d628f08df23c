import { randomUUID } from 'node:crypto';
import type { NewMachine } from '../../src/modules/machines/machines.repository.js';

/** Three slots, no limits; each has an id of its own. */
export function aNewMachine(fields: Partial<NewMachine> = {}): NewMachine {
  return {
    id: `machine-${randomUUID().slice(0, 8)}`,
    organization: 'acme',
    hostname: 'build-host',
    dockerSlots: [1, 2, 3],
    slotInfo: {},
    metadata: {},
    ...fields,
  };
}
