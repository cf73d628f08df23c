export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/**
 * `over` on top of `base` (deployments.md 4.2): objects merge by key, arrays and scalars replace, `null` removes the key.
 * Neither argument is changed; the result shares what was not touched.
 */
export function mergeDeep(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else result[key] = isObject(value) ? mergeDeep(isObject(result[key]) ? result[key] : {}, value) : value;
  }
  return result;
}
