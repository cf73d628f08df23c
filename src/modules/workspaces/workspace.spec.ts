import { totalsOf, withLiveSessions } from './workspace.js';

describe('workspaces', () => {
  const reported = [
    { id: 'b', desired: 2, running: 9 },
    { id: 'c', desired: 1, running: 1 },
  ];

  it('count live sessions before what was reported, and know those that nobody reported', () => {
    const workspaces = withLiveSessions(
      reported,
      new Map([
        ['b', 3],
        ['a', 1],
      ]),
    );
    expect(workspaces).toEqual([
      { id: 'a', desired: 0, running: 1 },
      { id: 'b', desired: 2, running: 3 },
      { id: 'c', desired: 1, running: 1 },
    ]);
    expect(totalsOf(workspaces)).toEqual({ desired: 3, running: 5 });
  });
});
