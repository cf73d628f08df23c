import { useEffect, useState } from 'react';
import type { Progress } from '../api';
import { count, dateOf, seconds, statusWords } from '../words';
import { ProgressBar } from './progress-bar';

/** Where the running operation stands, or how the last one ended. */
export function RunSummary({ progress }: { readonly progress: Progress }) {
  const isRunning = progress.operationId !== null && progress.endTime === undefined;
  const elapsed = useElapsed(isRunning ? progress.startTime : null) ?? progress.metrics.durationSeconds;
  const { summary, metrics } = progress;
  if (progress.operationId === null) return <p className="hint">Nothing has run here yet.</p>;
  const tone = isRunning ? 'busy' : summary.failedStacks > 0 || progress.status === 'failed' ? 'bad' : 'good';
  return (
    <div className="run-summary" role="status" aria-live="polite">
      <ProgressBar
        percent={summary.progressPercent}
        label={`${summary.progressPercent} percent of the run`}
        tone={tone}
      />
      <dl>
        <Fact
          name={isRunning ? 'Running' : 'Last run'}
          value={isRunning ? `${summary.progressPercent} %` : statusWords(progress.status)}
        />
        <Fact name="Stacks" value={stacksText(progress)} />
        <Fact
          name="Resources"
          value={`${metrics.resourcesCreated} created${metrics.resourcesFailed ? `, ${metrics.resourcesFailed} failed` : ''}`}
        />
        {isRunning && progress.currentLayer !== undefined && (
          <Fact name="Layer" value={`${progress.currentLayer} of ${progress.totalLayers}`} />
        )}
        <Fact name={isRunning ? 'Elapsed' : 'Took'} value={seconds(elapsed)} />
        {isRunning && metrics.estimatedTimeRemaining !== undefined && (
          <Fact name="Left" value={`about ${seconds(metrics.estimatedTimeRemaining)}`} />
        )}
        {!isRunning && <Fact name="Ended" value={dateOf(progress.endTime ?? null)} />}
      </dl>
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function stacksText({ summary }: Progress): string {
  const parts = [`${summary.deployedStacks} of ${count(summary.totalStacks, 'stack')} done`];
  if (summary.skippedStacks > 0) parts.push(`${summary.skippedStacks} skipped`);
  if (summary.failedStacks > 0) parts.push(`${summary.failedStacks} failed`);
  return parts.join(', ');
}

/** Seconds since `start`, once a second. */
function useElapsed(start: string | null): number | null {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (start === null) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [start]);
  return start === null ? null : Math.max(0, (now - Date.parse(start)) / 1000);
}
