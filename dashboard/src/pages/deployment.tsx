import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  type Deployment,
  type EnvironmentName,
  type Me,
  type Operation,
  type Progress,
  request,
  type Version,
} from '../api';
import { type Frame, useChannel } from '../live';
import { ConfirmDestroy } from '../parts/confirm-destroy';
import { Feed } from '../parts/feed';
import { Layers } from '../parts/layers';
import { Operations } from '../parts/operations';
import { Problem } from '../parts/problem';
import { RunSummary } from '../parts/run-summary';
import { Status } from '../parts/status';
import { Versions } from '../parts/versions';
import { withFrame } from '../progress-patch';
import { rightsIn } from '../rights';
import { addressOf } from '../route';

/** Frames kept for the feed. */
const FEED_LIMIT = 1000;
/** Stored state is read again at most this often while events come in, in ms. */
const REFRESH_MS = 1000;

interface Props {
  readonly id: string;
  readonly environment: EnvironmentName;
  readonly me: Me;
}
interface Started {
  readonly operationId: string;
}
type Verb = 'deploy' | 'preview' | 'destroy';

/**
 * One environment of a deployment. What is stored comes by request, what happens comes by event: an event changes the shown
 * progress at once and asks for the stored state soon after, so that a lost frame never stays wrong.
 */
export function DeploymentPage({ id, environment, me }: Props) {
  const queries = useQueryClient();
  const base = `/deployments/${encodeURIComponent(id)}`;
  const deployment = useQuery({ queryKey: ['deployment', id], queryFn: () => request<Deployment>(base) });
  const progressKey = ['progress', id, environment];
  const progress = useQuery({
    queryKey: progressKey,
    queryFn: () => request<Progress>(`${base}/progress?environment=${environment}`),
  });
  const operations = useQuery({
    queryKey: ['operations', id, environment],
    queryFn: () =>
      request<{ operations: readonly Operation[] }>(`${base}/operations?environment=${environment}&limit=20`),
  });
  const versions = useQuery({
    queryKey: ['versions', id, environment],
    queryFn: () => request<{ versions: readonly Version[] }>(`${base}/versions?environment=${environment}&limit=20`),
  });

  const refresh = useThrottled(
    useCallback(() => {
      for (const kind of ['deployment', 'progress', 'operations', 'versions'])
        void queries.invalidateQueries({ queryKey: [kind, id] });
    }, [queries, id]),
    REFRESH_MS,
  );
  const { frames, add } = useFeed(base, progress.data?.operationId ?? null);
  useChannel(`deployments/${id}/environments/${environment}`, (frame) => {
    add(frame);
    queries.setQueryData<Progress>(progressKey, (old) => old && withFrame(old, frame));
    refresh();
  });

  const previews = new Set(
    (operations.data?.operations ?? []).filter(({ preview }) => preview).map(({ operationId }) => operationId),
  );
  const [asksToDestroy, askToDestroy] = useState(false);
  const start = useMutation({
    mutationFn: (verb: Verb) =>
      request<Started>(`${base}/${verb === 'destroy' ? 'destroy' : 'deploy'}`, {
        method: 'POST',
        idempotencyKey: crypto.randomUUID(),
        body: {
          environment,
          ...(verb === 'preview' ? { preview: true } : {}),
          ...(verb === 'deploy' && environment === 'prod' ? { confirm: true } : {}),
          ...(verb === 'destroy' ? { confirm: environment === 'prod' ? id : true } : {}),
        },
      }),
    onSettled: refresh,
  });

  if (deployment.isError) return <Problem error={deployment.error} retry={() => void deployment.refetch()} />;
  if (!deployment.data) return <p className="loading">Loading…</p>;
  const { data } = deployment;
  const here = data.environments.find(({ name }) => name === environment);
  const isRunning =
    (here?.currentOperationId ?? null) !== null ||
    (progress.data?.operationId != null && progress.data.endTime === undefined);
  const rights = rightsIn(me, environment);
  const isOff = !here?.enabled;

  return (
    <>
      <div className="title-row">
        <div>
          <p className="crumbs">
            <a href={addressOf({ page: 'deployments' })}>Deployments</a> / <code>{data.deploymentId}</code>
          </p>
          <h1>{data.project}</h1>
          <p className="hint">
            {data.organization} · {data.domain} · template {data.template} · revision {data.revision}
          </p>
        </div>
        <div className="buttons">
          {rights.preview && (
            <button type="button" disabled={isOff || start.isPending} onClick={() => start.mutate('preview')}>
              Preview
            </button>
          )}
          {rights.destroy && (
            <button
              type="button"
              className="danger"
              disabled={isOff || isRunning || start.isPending || !here?.stacksDeployed}
              onClick={() => askToDestroy(true)}
            >
              Destroy…
            </button>
          )}
          {rights.deploy && (
            <button
              type="button"
              className="primary"
              disabled={isOff || isRunning || start.isPending}
              onClick={() => start.mutate('deploy')}
            >
              Deploy {environment}
            </button>
          )}
        </div>
      </div>

      <nav className="tabs" aria-label="Environments">
        {data.environments.map((each) => (
          <a
            key={each.name}
            href={addressOf({ page: 'deployment', id, environment: each.name })}
            aria-current={each.name === environment ? 'page' : undefined}
          >
            {each.name} <Status value={each.enabled ? each.status : 'disabled'} />
          </a>
        ))}
      </nav>

      {start.isError && <Problem error={start.error} />}
      {isOff && <p className="empty">This environment is not enabled.</p>}
      {here && !isOff && (
        <p className="hint">
          account <code>{here.account}</code> · {here.region}
          {here.version > 0 && ` · version ${here.version}`}
        </p>
      )}

      {progress.isError ? (
        <Problem error={progress.error} retry={() => void progress.refetch()} />
      ) : (
        progress.data && (
          <>
            {!isOff && <RunSummary progress={progress.data} />}
            <div className="columns">
              <section aria-label="Stacks">
                <h2>Stacks</h2>
                <Layers stacks={data.stacks} progress={progress.data} environment={environment} />
              </section>
              <section aria-label="Events">
                <h2>Events</h2>
                <Feed frames={frames} previews={previews} />
              </section>
            </div>
          </>
        )
      )}

      <div className="columns">
        <section aria-label="Operations">
          <h2>Operations</h2>
          {operations.isError ? (
            <Problem error={operations.error} />
          ) : (
            operations.data && <Operations operations={operations.data.operations} />
          )}
        </section>
        <section aria-label="Versions">
          <h2>Versions</h2>
          {versions.isError ? (
            <Problem error={versions.error} />
          ) : (
            versions.data && <Versions versions={versions.data.versions} />
          )}
        </section>
      </div>

      {asksToDestroy && (
        <ConfirmDestroy
          id={data.deploymentId}
          environment={environment}
          stacks={data.stacks.filter(({ enabled }) => enabled).map(({ name }) => name)}
          onCancel={() => askToDestroy(false)}
          onConfirm={() => {
            askToDestroy(false);
            start.mutate('destroy');
          }}
        />
      )}
    </>
  );
}

/** Stored events of the running or last operation, and what comes after them; each once, in order. */
function useFeed(
  base: string,
  operationId: string | null,
): { readonly frames: readonly Frame[]; readonly add: (frame: Frame) => void } {
  const [arrived, setArrived] = useState<readonly Frame[]>([]);
  const stored = useQuery({
    queryKey: ['events', base, operationId],
    enabled: operationId !== null,
    staleTime: Infinity,
    queryFn: () =>
      request<{ events: readonly Frame[] }>(`${base}/events?operationId=${operationId ?? ''}&limit=${FEED_LIMIT}`),
  });
  const byId = new Map([...(stored.data?.events ?? []), ...arrived].map((frame) => [frame.id, frame]));
  const frames = [...byId.values()].filter(
    ({ data }) => !operationId || !data['operationId'] || data['operationId'] === operationId,
  );
  const add = useCallback((frame: Frame) => setArrived((old) => [...old, frame].slice(-FEED_LIMIT)), []);
  return { frames: frames.slice(-FEED_LIMIT), add };
}

/** Runs at once, then at most every `ms`; the last call is never lost. */
function useThrottled(work: () => void, ms: number): () => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const again = useRef(false);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    const run = (): void => {
      work();
      again.current = false;
      timer.current = setTimeout(() => {
        timer.current = undefined;
        if (again.current) run();
      }, ms);
    };
    if (timer.current === undefined) run();
    else again.current = true;
  }, [work, ms]);
}
