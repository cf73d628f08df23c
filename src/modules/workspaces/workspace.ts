/** How many workers an editor workspace wants and has; kept in step between windows (sessions.md 23). */
export interface Workspace {
  /** The client's own id of the workspace, 1 to 200 characters. */
  readonly id: string;
  /** 0 to 20. */
  readonly desired: number;
  /** Live sessions of the workspace when there are any, else what was reported last. */
  readonly running: number;
}

export interface WorkspaceTotals {
  readonly desired: number;
  readonly running: number;
}

/** Entries that nobody asked for or wrote for so long go away, in seconds. */
export const UNSEEN_SECONDS = 7 * 86_400;
export const MAX_DESIRED = 20;

/** `reported`: as stored; `live`: workspace id → its live sessions. Sorted by id. */
export function withLiveSessions(
  reported: readonly Workspace[],
  live: ReadonlyMap<string, number>,
): readonly Workspace[] {
  const known = new Map(reported.map((workspace) => [workspace.id, workspace]));
  const ids = [...new Set([...known.keys(), ...live.keys()])].sort();
  return ids.map((id) => ({
    id,
    desired: known.get(id)?.desired ?? 0,
    running: live.get(id) ?? known.get(id)?.running ?? 0,
  }));
}

export function totalsOf(workspaces: readonly Workspace[]): WorkspaceTotals {
  return {
    desired: workspaces.reduce((sum, { desired }) => sum + desired, 0),
    running: workspaces.reduce((sum, { running }) => sum + running, 0),
  };
}
