export const ENGINES = ['embedded', 'pulumi'] as const;
export const CLOUDS = ['sandbox', 'aws'] as const;
export type EngineName = (typeof ENGINES)[number];
export type CloudName = (typeof CLOUDS)[number];

/** What a newcomer has to know about the pair before anything runs on it. */
export function honestly(engine: EngineName, cloud: CloudName): string {
  const by = { embedded: 'the embedded engine', pulumi: 'the Pulumi engine' }[engine];
  return cloud === 'sandbox'
    ? `${by} on the sandbox cloud: no AWS account is touched and nothing costs money`
    : `${by} on AWS: deployments create real resources that cost money`;
}
