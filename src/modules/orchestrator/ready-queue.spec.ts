import { ReadyQueue } from './ready-queue.js';

const node = (name: string, ...dependencies: string[]) => ({ name, priority: 1, dependencies });
const DIAMOND = [node('base'), node('left', 'base'), node('right', 'base'), node('top', 'left', 'right')];

describe('the ready queue (deployments.md 7.5)', () => {
  it('gives what may start, in the order of the nodes, once', () => {
    const queue = new ReadyQueue([node('b'), node('a'), ...DIAMOND], null);
    expect([queue.take(), queue.take(), queue.take(), queue.take()]).toEqual(['b', 'a', 'base', null]);
    queue.endedWell('base');
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['left', 'right', null]);
    queue.endedWell('left');
    expect(queue.take()).toBeNull();
    queue.endedWell('right');
    expect(queue.take()).toBe('top');
  });

  it('keeps a layer closed until the one before has ended, well or badly', () => {
    const nodes = [node('a'), node('slow'), node('b', 'a'), node('c', 'slow')];
    const queue = new ReadyQueue(nodes, [
      ['a', 'slow'],
      ['b', 'c'],
    ]);
    expect([queue.take(), queue.take()]).toEqual(['a', 'slow']);
    queue.endedWell('a');
    expect(queue.take()).toBeNull();
    expect(queue.endedBadly('slow')).toEqual(['c']);
    expect([queue.take(), queue.take()]).toEqual(['b', null]);
  });

  it('names everything that can never start, once, and drains the rest', () => {
    const queue = new ReadyQueue([...DIAMOND, node('other'), node('after', 'top')], null);
    queue.endedWell(queue.take() ?? '');
    expect(queue.take()).toBe('left');
    expect(queue.endedBadly('left')).toEqual(['top', 'after']);
    queue.claim('right');
    expect(queue.endedBadly('right')).toEqual([]);
    expect(queue.drain()).toEqual(['other']);
    expect(queue.take()).toBeNull();
  });
});
