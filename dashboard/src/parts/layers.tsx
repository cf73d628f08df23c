import type { Progress, Stack, StackProgress, StackStanding } from '../api';
import { count, inWords, seconds } from '../words';
import { Outputs } from './outputs';
import { ProgressBar } from './progress-bar';
import { Status } from './status';

interface Entry {
  readonly stack: Stack;
  readonly standing: StackStanding | undefined;
  /** Of the running or last operation; absent when the stack had no part in it. */
  readonly progress: StackProgress | undefined;
}

/** The stacks of one environment, column by column in the order they may start. */
export function Layers({
  stacks,
  progress,
  environment,
}: {
  readonly stacks: readonly Stack[];
  readonly progress: Progress;
  readonly environment: string;
}) {
  const entries = stacks
    .filter(({ enabled }) => enabled)
    .map((stack): Entry => ({
      stack,
      standing: stack.environments[environment],
      progress: progress.operationId ? progress.stacks[stack.name] : undefined,
    }));
  const layers = [...new Set(entries.map(({ stack }) => stack.layer))].sort((a, b) => a - b);
  return (
    <ol className="layers">
      {layers.map((layer) => (
        <li key={layer}>
          <h3>
            Layer {layer}
            {progress.currentLayer === layer && progress.endTime === undefined && <span className="now">now</span>}
          </h3>
          <ul>
            {entries
              .filter(({ stack }) => stack.layer === layer)
              .sort((a, b) => a.stack.name.localeCompare(b.stack.name))
              .map((entry) => (
                <li key={entry.stack.name}>
                  <StackCard entry={entry} />
                </li>
              ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function StackCard({ entry: { stack, standing, progress } }: { readonly entry: Entry }) {
  const status =
    progress && progress.status !== 'pending'
      ? progress.status
      : (progress?.status ?? standing?.status ?? 'not_deployed');
  const isBusy = ['deploying', 'destroying', 'rolling_back'].includes(status);
  const resources = standing?.resourceCount ?? 0;
  return (
    <article className={`card stack ${isBusy ? 'stack-busy' : ''}`} aria-label={stack.name}>
      <header>
        <h4>{stack.name}</h4>
        <Status value={status} />
      </header>
      {isBusy && progress && (
        <>
          <ProgressBar
            percent={progress.progressPercent}
            label={`${stack.name}: ${progress.progressPercent} percent`}
          />
          <p className="current">{progress.resources.current ?? 'starting'}</p>
        </>
      )}
      {progress?.error && (
        <p className="error-text">
          {progress.error.message} <code>{progress.error.code}</code>
        </p>
      )}
      <Why progress={progress} />
      <p className="facts">
        {count(isBusy && progress ? progress.resources.created : resources, 'resource')}
        {isBusy && progress && progress.resources.total > 0 && ` of ${progress.resources.total}`}
        {progress?.durationSeconds !== undefined && ` · ${seconds(progress.durationSeconds)}`}
        {stack.dependencies.length > 0 && ` · needs ${stack.dependencies.join(', ')}`}
        {standing?.driftDetected && ' · drifted'}
      </p>
      {standing && Object.keys(standing.outputs).length > 0 && (
        <details>
          <summary>{count(Object.keys(standing.outputs).length, 'output')}</summary>
          <Outputs values={standing.outputs} />
        </details>
      )}
    </article>
  );
}

/** Why the stack ran or did not, as short as can be; the sentences behind it on demand. */
function Why({ progress }: { readonly progress: StackProgress | undefined }) {
  if (!progress) return null;
  const codes = progress.skipReason ? [progress.skipReason] : (progress.reasons ?? []);
  const sentences = progress.explanation ?? [];
  if (codes.length === 0 && sentences.length === 0) return null;
  const short = `${progress.skipReason ? 'Skipped' : 'Runs'}: ${codes.map(inWords).join(', ')}`;
  if (sentences.length === 0) return <p className="why">{short}</p>;
  return (
    <details className="why">
      <summary>{short}</summary>
      <ul>
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  );
}
