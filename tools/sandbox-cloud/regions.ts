/** AWS regions of the commercial partition, and the three zones the sandbox (and every static answer) gives each of them. */
export const REGIONS: readonly string[] = [
  'af-south-1',
  'ap-east-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-south-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-7',
  'ca-central-1',
  'ca-west-1',
  'eu-central-1',
  'eu-central-2',
  'eu-north-1',
  'eu-south-1',
  'eu-south-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
];

export function isKnownRegion(region: string): boolean {
  return REGIONS.includes(region);
}

/** `<region>a`, `<region>b`, `<region>c` (deployments.md 7.5, static AWS). */
export function zonesOf(region: string): string[] {
  return ['a', 'b', 'c'].map((letter) => `${region}${letter}`);
}

/** Zone id in AWS's form: `us-east-1a` → `use1-az1`, `ap-southeast-2c` → `apse2-az3`. */
export function zoneId(zone: string): string {
  const match = /^([a-z]{2})-([a-z]+)-(\d)([a-z])$/.exec(zone);
  if (!match) return '';
  const [, area, direction, number, letter] = match as unknown as [string, string, string, string, string];
  const initials = direction.replace(/north|south|east|west|central/g, (word) => word.charAt(0));
  return `${area}${initials}${number}-az${letter.charCodeAt(0) - 96}`;
}
