import type { Version } from '../api';
import { dateOf } from '../words';

export function Versions({ versions }: { readonly versions: readonly Version[] }) {
  if (versions.length === 0)
    return <p className="empty">No version yet: the first successful deploy makes version 1.</p>;
  return (
    <ul className="versions">
      {versions.map((version) => (
        <li key={version.version}>
          <b>v{version.version}</b>
          <span>{version.kind}</span>
          <span className="when">{dateOf(version.createdAt)}</span>
          <span>revision {version.manifestRevision}</span>
          {version.current && <span className="chip chip-good">current</span>}
        </li>
      ))}
    </ul>
  );
}
