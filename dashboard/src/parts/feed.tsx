import { useEffect, useRef } from 'react';
import type { Frame } from '../live';
import { inWords, timeOf, typeWords } from '../words';

interface Line {
  readonly mark: string;
  readonly tone: 'good' | 'bad' | 'busy' | 'calm' | 'warn';
  readonly text: string;
}

/** Resource by resource, what the run does; newest at the bottom, which stays in view until the reader scrolls up. */
export function Feed({
  frames,
  previews,
}: {
  readonly frames: readonly Frame[];
  readonly previews: ReadonlySet<string>;
}) {
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  const lines = frames.flatMap((frame) => {
    const line = lineOf(frame, previews.has(String(frame.data['operationId'])));
    return line ? [{ frame, line }] : [];
  });
  useEffect(() => {
    if (isAtEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [lines.length]);
  if (lines.length === 0) return <p className="empty">Events of a run appear here, resource by resource.</p>;
  return (
    <ol
      ref={list}
      className="feed"
      role="log"
      aria-label="Events"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 24;
      }}
    >
      {lines.map(({ frame, line }) => (
        <li key={frame.id} className={`tone-${line.tone}`}>
          <time dateTime={frame.timestamp}>{timeOf(frame.timestamp)}</time>
          <span aria-hidden="true">{line.mark}</span>
          <span>{line.text}</span>
        </li>
      ))}
    </ol>
  );
}

function lineOf({ type, data }: Frame, isPreview: boolean): Line | null {
  const stack = String(data['stack'] ?? '');
  const resource = data['resource'] as { readonly type?: string; readonly name?: string } | undefined;
  const what = resource ? `${stack} · ${typeWords(resource.type ?? '')} ${resource.name ?? ''}` : stack;
  const error = data['error'] as { readonly code?: string; readonly message?: string } | undefined;
  const codes = Array.isArray(data['reasons']) ? data['reasons'].map((code) => inWords(String(code))).join(', ') : '';
  switch (type) {
    case 'deployment_started':
      return {
        mark: '▶',
        tone: 'busy',
        text: `${isPreview ? 'Preview' : 'Deploy'} started by ${String(data['startedBy'])} (${String(data['engine'])} engine, ${String(data['cloud'])} cloud)`,
      };
    case 'destroy_started':
      return {
        mark: '▶',
        tone: 'busy',
        text: `${isPreview ? 'Preview of destroy' : 'Destroy'} started by ${String(data['startedBy'])}`,
      };
    case 'operation_resumed':
      return { mark: '↻', tone: 'warn', text: 'The run was interrupted; it was taken over and goes on' };
    case 'stack_deploying':
      return { mark: '▸', tone: 'busy', text: `${stack} starts${codes ? `: ${codes}` : ''}` };
    case 'stack_destroying':
      return { mark: '▸', tone: 'busy', text: `${stack} is being destroyed` };
    case 'stack_rolling_back':
      return { mark: '▸', tone: 'warn', text: `${stack} is being rolled back` };
    case 'resource_created':
      return { mark: '+', tone: 'good', text: what };
    case 'resource_updated':
      return { mark: '~', tone: 'warn', text: what };
    case 'resource_deleted':
      return { mark: '−', tone: 'calm', text: what };
    case 'resource_failed':
      return { mark: '!', tone: 'bad', text: `${what}: ${error?.message ?? ''}` };
    case 'stack_deployed':
      return { mark: '✓', tone: 'good', text: `${stack} deployed in ${String(data['durationSeconds'])} s` };
    case 'stack_destroyed':
      return { mark: '✓', tone: 'calm', text: `${stack} destroyed` };
    case 'stack_rolled_back':
      return { mark: '✓', tone: 'warn', text: `${stack} rolled back` };
    case 'stack_skipped':
      return { mark: '↷', tone: 'calm', text: `${stack} skipped: ${inWords(String(data['reason']))}` };
    case 'stack_failed':
      return { mark: '✗', tone: 'bad', text: `${stack} failed: ${error?.message ?? ''}` };
    case 'rollback_started':
      return { mark: '↶', tone: 'warn', text: `Rollback: ${String(data['reason'])}` };
    case 'rollback_complete':
      return { mark: '↶', tone: 'warn', text: 'Rollback ended' };
    case 'deployment_complete':
    case 'destroy_complete':
      return {
        mark: '■',
        tone: 'good',
        text: `${type === 'destroy_complete' && !isPreview ? 'Destroyed' : 'Done'} in ${String(data['durationSeconds'])} s`,
      };
    case 'deployment_failed':
    case 'destroy_failed':
      return { mark: '■', tone: 'bad', text: `Failed: ${error?.message ?? ''}` };
    case 'deployment_cancelled':
      return { mark: '■', tone: 'warn', text: `Cancelled by ${String(data['cancelledBy'])}` };
    case 'deployment_warning':
      return { mark: '!', tone: 'warn', text: String(data['message']) };
    case 'error':
      return { mark: '!', tone: 'bad', text: String(data['message']) };
    default:
      return null;
  }
}
