import { type SyntheticEvent, useState } from 'react';
import { session } from '../api';
import { Problem } from '../parts/problem';

export function SignInPage() {
  const [way, setWay] = useState<'password' | 'key'>('password');
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);

  async function submit(event: SyntheticEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string): string => String(fields.get(name) ?? '').trim();
    setBusy(true);
    setProblem(null);
    try {
      if (way === 'password') await session.signInWithPassword(text('username'), String(fields.get('password') ?? ''));
      else await session.signInWithKey(text('apiKey'));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <h1>
          <img src="/icon.svg" alt="" width="32" height="32" /> cloud
        </h1>
        <p className="hint">Sign in to see and run your deployments.</p>
        <fieldset className="switch">
          <legend className="visually-hidden">Way to sign in</legend>
          {(['password', 'key'] as const).map((value) => (
            <label key={value}>
              <input type="radio" name="way" checked={way === value} onChange={() => setWay(value)} />
              <span>{value === 'password' ? 'Password' : 'API key'}</span>
            </label>
          ))}
        </fieldset>
        {way === 'password' ? (
          <>
            <label>
              E-mail or user name
              <input name="username" autoComplete="username" required autoFocus maxLength={254} />
            </label>
            <label>
              Password
              <input name="password" type="password" autoComplete="current-password" required maxLength={256} />
            </label>
          </>
        ) : (
          <label>
            API key
            <input
              name="apiKey"
              type="password"
              autoComplete="off"
              required
              autoFocus
              maxLength={128}
              placeholder="msk_…"
            />
          </label>
        )}
        {problem !== null && <Problem error={problem} />}
        <button type="submit" className="primary" disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
        <p className="hint">
          Started with <code>npm run quickstart</code>? The terminal shows user, password and key.
        </p>
      </form>
    </main>
  );
}
