import type { Operation, PlannedChanges } from '../api';
import { dateOf, inWords, seconds, typeWords } from '../words';
import { Status } from './status';

/** What was run here, newest first; each opens to its result. */
export function Operations({ operations }: { readonly operations: readonly Operation[] }) {
  if (operations.length === 0) return <p className="empty">No operation yet.</p>;
  return (
    <ul className="operations">
      {operations.map((operation) => (
        <li key={operation.operationId}>
          <details open={operation.preview && operation === operations[0]}>
            <summary>
              <b>
                {operation.type}
                {operation.preview ? ' (preview)' : ''}
              </b>
              <Status value={operation.status} />
              <span className="when">{dateOf(operation.startedAt)}</span>
              <code>{operation.operationId}</code>
            </summary>
            <Result operation={operation} />
          </details>
        </li>
      ))}
    </ul>
  );
}

function Result({ operation }: { readonly operation: Operation }) {
  const planned = Object.entries(operation.result?.stacks ?? {});
  return (
    <div className="result">
      <p className="facts">
        by {operation.startedBy} · manifest revision {operation.manifestRevision} · {operation.engine} engine,{' '}
        {operation.cloud} cloud
        {operation.completedAt &&
          ` · ${seconds((Date.parse(operation.completedAt) - Date.parse(operation.startedAt)) / 1000)}`}
        {operation.rolledBack && ' · rolled back'}
      </p>
      {operation.error && (
        <p className="error-text">
          {operation.error.message} <code>{operation.error.code}</code>
        </p>
      )}
      {planned.length > 0 && <Plan stacks={planned} />}
      <ul>
        {(operation.preview ? [] : operation.completedStacks).map((stack) => (
          <li key={stack.name}>
            <b>{stack.name}</b> {stack.resourcesCreated} created
            {stack.durationSeconds !== null && ` in ${seconds(stack.durationSeconds)}`}
            {stack.explanation && stack.explanation.length > 0 && <small> {stack.explanation.join('; ')}</small>}
          </li>
        ))}
        {operation.skippedStacks.map((stack) => (
          <li key={stack.name}>
            <b>{stack.name}</b> skipped: {inWords(stack.reason ?? 'no reason given')}
            {stack.culprit && ` (${stack.culprit})`}
            {stack.explanation && stack.explanation.length > 0 && <small> {stack.explanation.join('; ')}</small>}
          </li>
        ))}
        {operation.failedStacks.map((stack) => (
          <li key={stack.name} className="error-text">
            <b>{stack.name}</b> {stack.error?.message} <code>{stack.error?.code}</code>
          </li>
        ))}
        {operation.warnings.map((warning) => (
          <li key={`${warning.code}${warning.message}`}>{warning.message}</li>
        ))}
      </ul>
    </div>
  );
}

function Plan({ stacks }: { readonly stacks: readonly (readonly [string, PlannedChanges])[] }) {
  const columns = ['create', 'update', 'replace', 'delete', 'same'] as const;
  return (
    <table>
      <caption className="visually-hidden">Planned changes</caption>
      <thead>
        <tr>
          <th scope="col">Stack</th>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {stacks.map(([name, changes]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {columns.map((column) => (
              <td key={column} data-zero={changes[column] === 0 || undefined}>
                {changes[column]}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
      {stacks.some(([, { unresolved }]) => unresolved && unresolved.length > 0) && (
        <tfoot>
          <tr>
            <td colSpan={6}>
              Known only after the run:{' '}
              {stacks
                .flatMap(([, { unresolved }]) => unresolved ?? [])
                .map(typeWords)
                .join(', ')}
            </td>
          </tr>
        </tfoot>
      )}
    </table>
  );
}
