/** The stateful set of stacks.md L1: what holds data that no rollback brings back. */
const TYPES: Readonly<Record<string, string>> = {
  'aws:route53/zone:Zone': 'its records and delegation',
  'aws:kms/key:Key': 'everything encrypted with it',
  'aws:s3/bucket:Bucket': 'its objects',
  'aws:s3/bucketV2:BucketV2': 'its objects',
  'aws:rds/instance:Instance': 'its databases',
  'aws:efs/fileSystem:FileSystem': 'its files',
  'aws:backup/vault:Vault': 'its recovery points',
  'aws:cognito/userPool:UserPool': 'its users',
  'aws:ecr/repository:Repository': 'its images',
};

export function isDataStore(type: string): boolean {
  return Object.hasOwn(TYPES, type);
}

/** What is lost when a resource of this type is destroyed. */
export function lossOf(type: string): string {
  return TYPES[type] ?? 'its data';
}
