import { freeSlots, infoOfSlots, slotUse } from './machine.js';

const INFO = { cpuLimit: 1, memoryLimitMb: null, note: null };

describe('slots of a machine', () => {
  it('the free ones come lowest first', () => {
    expect(freeSlots([3, 1, 2], [2])).toEqual([1, 3]);
    expect(freeSlots([], [2])).toEqual([]);
  });

  it('a slot that is held but not defined counts neither as occupied nor as free', () => {
    expect(slotUse([3, 1, 2], [2, null, 99, 2])).toEqual({ occupied: [2], free: [1, 3] });
  });

  it('limits go with their slot', () => {
    expect(infoOfSlots({ '1': INFO, '2': INFO }, [2, 3])).toEqual({ '2': INFO });
  });
});
