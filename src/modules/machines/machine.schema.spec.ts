import mongoose from 'mongoose';
import { machineSchema } from './machine.schema.js';

const Machine = mongoose.model('MachineOfSpec', machineSchema);
const GOOD = {
  machine_id: 'build-host-1',
  organization: 'acme',
  hostname: 'build-host',
  last_heartbeat: new Date('2030-01-01T00:00:00Z'),
};

/** Paths that validation refuses. */
function refusedIn(document: Record<string, unknown>): string[] {
  const problems = Object.keys(new Machine(document).validateSync()?.errors ?? {});
  return [...new Set(problems.map((path) => path.split('.')[0] ?? path))];
}

describe('the stored shape of a machine', () => {
  it('[1.1.c] needs its required fields, and starts online without slots and sessions', () => {
    expect(refusedIn(GOOD)).toEqual([]);
    for (const field of Object.keys(GOOD)) {
      const { [field]: _left, ...rest } = GOOD as Record<string, unknown>;
      expect(refusedIn(rest)).toEqual([field]);
    }
    expect(new Machine(GOOD).toObject()).toMatchObject({ status: 'online', docker_slots: [], active_sessions: [] });
  });

  it.each([
    ['status', 'broken'],
    ['machine_id', 'no blanks'],
    ['machine_id', 'x'.repeat(129)],
    ['hostname', 'x'.repeat(256)],
    ['hostname', { text: 'no text' }],
    ['last_heartbeat', 'yesterday'],
    ['docker_slots', 3],
    ['docker_slots', 'one'],
    ['docker_slots', ['one']],
    ['docker_slots', [1.5]],
    ['docker_slots', [0]],
    ['docker_slots', [65_536]],
    ['docker_slots', [1, 1]],
    ['docker_slots', Array.from({ length: 1025 }, (_, i) => i + 1)],
  ])('[1.1.c] refuses %s %j', (field, value) => {
    expect(refusedIn({ ...GOOD, [field]: value })).toEqual([field]);
  });

  it('[1.1.c] refuses fields it does not know', () => {
    expect(() => new Machine({ ...GOOD, colour: 'red' })).toThrow(/colour/);
  });
});
