import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { type Me, request, session } from './api';
import { live, useLiveState } from './live';
import { DeploymentPage } from './pages/deployment';
import { DeploymentsPage } from './pages/deployments';
import { SignInPage } from './pages/sign-in';
import { Problem } from './parts/problem';
import { addressOf, useRoute } from './route';

export function App() {
  const isSignedIn = useSyncExternalStore(session.subscribe, session.isSignedIn);
  const queries = useQueryClient();
  useEffect(() => {
    if (isSignedIn) return;
    live.close();
    queries.clear(); // the next one to sign in may see less
  }, [isSignedIn, queries]);
  return isSignedIn ? <Inside /> : <SignInPage />;
}

function Inside() {
  const route = useRoute();
  const me = useQuery({ queryKey: ['me'], queryFn: () => request<Me>('/auth/me'), staleTime: 60_000 });
  return (
    <>
      <a className="skip-link" href="#content" onClick={focusContent}>
        Skip to content
      </a>
      <header className="bar">
        <a className="brand" href={addressOf({ page: 'deployments' })}>
          <img src="/icon.svg" alt="" width="24" height="24" />
          cloud
        </a>
        <nav aria-label="Main">
          <a href={addressOf({ page: 'deployments' })} aria-current={route.page === 'deployments' ? 'page' : undefined}>
            Deployments
          </a>
          <a href="/api/docs">API</a>
        </nav>
        <LiveBadge />
        <span className="who" title={me.data?.roles.join(', ')}>
          {me.data?.email ?? me.data?.name ?? ''}
        </span>
        <button type="button" className="quiet" onClick={() => void session.signOut()}>
          Sign out
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        {me.isError ? (
          <Problem error={me.error} retry={() => void me.refetch()} />
        ) : !me.data ? (
          <p className="loading">Loading…</p>
        ) : route.page === 'deployment' ? (
          <DeploymentPage
            key={`${route.id}/${route.environment}`}
            id={route.id}
            environment={route.environment}
            me={me.data}
          />
        ) : (
          <DeploymentsPage me={me.data} />
        )}
      </main>
    </>
  );
}

/** The fragment is the address of the page, so the link moves the focus by hand. */
function focusContent(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function LiveBadge() {
  const state = useLiveState();
  const text = { live: 'live', connecting: 'connecting', off: 'not live' }[state];
  return (
    <span className={`live live-${state}`} role="status">
      <i aria-hidden="true" />
      {text}
    </span>
  );
}
