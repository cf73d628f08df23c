import { ApiProblem } from '../api';

/** An error as far as the reader can act on it. */
export function Problem({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div className="problem" role="alert">
      <strong>{problem?.message ?? String((error as Error)?.message ?? error)}</strong>
      {problem && (
        <small>
          {problem.code}
          {problem.requestId ? ` · request ${problem.requestId}` : ''}
        </small>
      )}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
