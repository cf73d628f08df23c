import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DeploymentItem, ENVIRONMENTS, type Me, request } from '../api';
import { useChannel } from '../live';
import { Problem } from '../parts/problem';
import { Status } from '../parts/status';
import { addressOf } from '../route';
import { dateOf } from '../words';

interface Page {
  readonly deployments: readonly DeploymentItem[];
  readonly pagination: { readonly page: number; readonly totalPages: number; readonly total: number };
}

export function DeploymentsPage({ me }: { readonly me: Me }) {
  const [page, setPage] = useState(1);
  const [search, setSearch] = useState('');
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ['deployments', page, search],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({
        page: String(page),
        limit: '20',
        all: 'true',
        ...(search ? { search } : {}),
      });
      return request<Page>(`/deployments?${query}`, { signal });
    },
    placeholderData: keepPreviousData,
  });
  const organization = me.organizations.find((name) => name !== '*') ?? null;
  useChannel(organization && `organizations/${encodeURIComponent(organization)}`, () => {
    void queries.invalidateQueries({ queryKey: ['deployments'] });
  });

  return (
    <section aria-labelledby="title">
      <div className="title-row">
        <h1 id="title">Deployments</h1>
        <input
          type="search"
          aria-label="Search deployments"
          placeholder="Search"
          maxLength={200}
          onChange={(event) => {
            setSearch(event.target.value.trim());
            setPage(1);
          }}
        />
      </div>
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <p className="loading">Loading…</p>
      ) : list.data.deployments.length === 0 ? (
        <Nothing search={search} />
      ) : (
        <>
          <ul className="deployments">
            {list.data.deployments.map((item) => (
              <li key={item.deploymentId} className="card">
                <Row item={item} />
              </li>
            ))}
          </ul>
          {list.data.pagination.totalPages > 1 && (
            <nav className="pages" aria-label="Pages">
              <button type="button" disabled={page <= 1} onClick={() => setPage(page - 1)}>
                Newer
              </button>
              <span>
                {page} of {list.data.pagination.totalPages}
              </span>
              <button
                type="button"
                disabled={page >= list.data.pagination.totalPages}
                onClick={() => setPage(page + 1)}
              >
                Older
              </button>
            </nav>
          )}
        </>
      )}
    </section>
  );
}

function Row({ item }: { readonly item: DeploymentItem }) {
  return (
    <>
      <div className="deployment-name">
        <a href={addressOf({ page: 'deployment', id: item.deploymentId, environment: 'dev' })}>
          {item.project} <code>{item.deploymentId}</code>
        </a>
        <small>
          {item.organization} · {item.domain} · template {item.template}
        </small>
      </div>
      <Status value={item.status} />
      <ul className="environments" aria-label="Environments">
        {ENVIRONMENTS.filter((name) => item.environments[name]?.enabled).map((name) => (
          <li key={name}>
            <a href={addressOf({ page: 'deployment', id: item.deploymentId, environment: name })}>{name}</a>
            <Status value={item.environments[name]?.status ?? 'unknown'} />
          </li>
        ))}
      </ul>
      <small className="when">
        {item.lastDeployedAt ? `deployed ${dateOf(item.lastDeployedAt)}` : 'never deployed'}
      </small>
    </>
  );
}

function Nothing({ search }: { readonly search: string }) {
  if (search) return <p className="empty">Nothing matches “{search}”.</p>;
  return (
    <div className="empty">
      <p>No deployment yet. Initialise one from a template:</p>
      <pre>
        <code>{`curl -X POST ${location.origin}/api/v1/deployments \\
  -H "X-API-Key: $API_KEY" -H 'Content-Type: application/json' \\
  -d '{"organization":"demo","project":"web","domain":"web.example.com",
       "template":"minimal","accounts":{"dev":"111111111111"}}'`}</code>
      </pre>
    </div>
  );
}
