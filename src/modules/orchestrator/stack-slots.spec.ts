import { VirtualClock } from '../../../test/fakes/virtual-clock.js';
import { RunPause } from './run-pause.js';
import { StackSlots } from './stack-slots.js';

const never = new AbortController().signal;
const slots = (stacks: number, freeBytes = 0, available = (): number => 1e9): StackSlots =>
  new StackSlots(new VirtualClock(), { stacks, freeBytes, available });

describe('room for stacks', () => {
  it('is limited over all runs of the process', () => {
    const room = slots(2);
    const give = room.take('a');
    expect(room.take('b')).not.toBeNull();
    expect(room.take('a')).toBeNull();
    give?.();
    give?.(); // twice counts once
    expect(room.taken).toBe(1);
    expect(room.take('a')).not.toBeNull();
  });

  it('goes to the run that waits longest, not to the one that asks most', () => {
    const room = slots(1);
    const give = room.take('large');
    expect(room.take('large')).toBeNull();
    expect(room.take('small')).toBeNull();
    give?.();
    const second = room.take('large');
    expect(second).not.toBeNull(); // it waited first
    expect(room.take('large')).toBeNull();
    second?.();
    expect(room.take('large')).toBeNull(); // now it stands behind
    expect(room.take('small')).not.toBeNull();
  });

  it('passes over a run that left', () => {
    const room = slots(1);
    const give = room.take('a');
    expect(room.take('gone')).toBeNull();
    expect(room.take('b')).toBeNull();
    room.leave('gone');
    give?.();
    expect(room.take('b')).not.toBeNull();
  });

  it('starts nothing further while memory is short, but always one', () => {
    let available = 10;
    const room = slots(16, 100, () => available);
    const give = room.take('a');
    expect(give).not.toBeNull();
    expect(room.take('b')).toBeNull();
    available = 1000;
    expect(room.take('b')).not.toBeNull();
  });

  it('calls who waits when a slot is given back, and looks for memory by itself', async () => {
    const room = slots(1);
    const give = room.take('a');
    expect(room.take('b')).toBeNull();
    const called = room.room('b', never);
    give?.();
    await called;
    expect(room.take('b')).not.toBeNull();
    expect(room.take('c')).toBeNull();
    await room.room('c', never); // by the clock: nobody gives anything back
  });
});

describe('a pause', () => {
  it('tells its changes, and an abort ends the wait', async () => {
    const pause = new RunPause(true);
    const resumed = pause.changed(never);
    pause.set(false);
    await resumed;
    expect(pause.isPaused).toBe(false);
    const stop = new AbortController();
    const waiting = pause.changed(stop.signal);
    stop.abort();
    await waiting;
  });
});
