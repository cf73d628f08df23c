/** Outputs by name; secret ones arrive masked. */
export function Outputs({ values }: { readonly values: Readonly<Record<string, unknown>> }) {
  return (
    <dl className="outputs">
      {Object.entries(values)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
            </dd>
          </div>
        ))}
    </dl>
  );
}
