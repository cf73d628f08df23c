import type { Progress, StackProgress } from './api';
import type { Frame } from './live';

/** The shown progress after one more event; what an event does not tell stays until the stored state is read again. */
export function withFrame(progress: Progress, { type, data }: Frame): Progress {
  if (data['operationId'] !== progress.operationId) return progress; // a preview, or a run not read yet
  const stack = (patch: (old: StackProgress) => Partial<StackProgress>): Progress => {
    const name = String(data['stack']);
    const old = progress.stacks[name];
    return old ? { ...progress, stacks: { ...progress.stacks, [name]: { ...old, ...patch(old) } } } : progress;
  };
  switch (type) {
    case 'deployment_progress':
      return {
        ...progress,
        ...(typeof data['currentLayer'] === 'number' ? { currentLayer: data['currentLayer'] } : {}),
        summary: { ...progress.summary, progressPercent: Number(data['progressPercent']) },
        metrics: { ...progress.metrics, estimatedTimeRemaining: Number(data['estimatedTimeRemaining']) },
      };
    case 'stack_deploying':
      return stack(() => ({ status: 'deploying', progressPercent: 1 }));
    case 'stack_destroying':
      return stack(() => ({ status: 'destroying', progressPercent: 1 }));
    case 'stack_rolling_back':
      return stack(() => ({ status: 'rolling_back', progressPercent: 1 }));
    case 'stack_progress':
      return stack((old) => ({
        progressPercent: Number(data['progressPercent']),
        resources: { ...old.resources, total: Number(data['resourcesTotal']) },
      }));
    case 'resource_creating':
    case 'resource_updating':
    case 'resource_deleting':
      return stack((old) => ({ resources: { ...old.resources, current: resourceWords(data) } }));
    case 'resource_created':
      return stack((old) => ({
        resources: { ...old.resources, created: old.resources.created + 1, current: resourceWords(data) },
      }));
    case 'stack_deployed':
      return stack(() => ({ status: 'deployed', progressPercent: 100 }));
    case 'stack_destroyed':
      return stack(() => ({ status: 'destroyed', progressPercent: 100 }));
    case 'stack_skipped':
      return stack(() => ({ status: 'skipped', progressPercent: 100, skipReason: String(data['reason']) }));
    case 'stack_failed':
      return stack(() => ({ status: 'failed' }));
    default:
      return progress;
  }
}

function resourceWords(data: Frame['data']): string {
  const { type = '', name = '' } = (data['resource'] ?? {}) as { type?: string; name?: string };
  return `${type} (${name})`;
}
