import { CloudError, type Properties } from '../provider.port.js';
import { textOf } from '../resource-spec.js';

/** Source: "Setting lifecycle configuration" and "Transitioning objects" of the S3 user guide. */
const RULES_PER_BUCKET = 1000;
const INFREQUENT = ['STANDARD_IA', 'ONEZONE_IA'];
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE'];
const STORAGE_CLASSES = [...INFREQUENT, ...ARCHIVES, 'INTELLIGENT_TIERING', 'GLACIER_IR'];
/** Days before an object may become infrequent, and that it stays so before it is archived. */
const INFREQUENT_DAYS = 30;

/** What S3 refuses of a bucket's rules; undefined = accepted. */
export function lifecycleProblem(rules: readonly Properties[]): CloudError | undefined {
  const invalid = (message: string): CloudError => new CloudError('InvalidArgument', message);
  if (rules.length > RULES_PER_BUCKET) return invalid(`at most ${RULES_PER_BUCKET} rules are allowed`);
  const ids = rules.map(({ id }) => textOf(id) ?? '');
  const doubled = ids.find((id, i) => ids.indexOf(id) !== i);
  if (doubled !== undefined) return invalid(`Rule ID must be unique. Found same ID for more than one rule: ${doubled}`);
  for (const rule of rules) {
    const message = ruleProblem(rule);
    if (message) return invalid(message);
  }
  return undefined;
}

function ruleProblem(rule: Properties): string | undefined {
  const { id, status, filter, prefix, expiration, noncurrentVersionExpiration, abortIncompleteMultipartUpload } = rule;
  if (status !== 'Enabled' && status !== 'Disabled') return `Rule ${String(id)}: status must be Enabled or Disabled`;
  if ((filter === undefined) === (prefix === undefined)) {
    return `No attribute specified when one (and only one) of [prefix, filter] is required in rule ${String(id)}`;
  }
  const transitions = (rule.transitions ?? []) as Properties[];
  const old = (rule.noncurrentVersionTransitions ?? []) as Properties[];
  const actions = [expiration, noncurrentVersionExpiration, abortIncompleteMultipartUpload];
  if (transitions.length + old.length === 0 && actions.every((action) => action === undefined)) {
    return `At least one action needs to be specified in a rule: ${String(id)}`;
  }
  const where = `for filter '(prefix=${prefixOf(rule)})'`;
  const unknown = transitions.find(({ storageClass }) => !STORAGE_CLASSES.includes(String(storageClass)));
  if (unknown) return `'StorageClass' in the Transition action ${where} is not valid: ${String(unknown.storageClass)}`;

  const daysOf = (classes: readonly string[]) =>
    transitions
      .filter(({ storageClass }) => classes.includes(String(storageClass)))
      .map(({ days }) => Number(days ?? 0));
  const infrequent = daysOf(INFREQUENT);
  const tooEarly = transitions.find(
    ({ storageClass, days }) => INFREQUENT.includes(String(storageClass)) && Number(days ?? 0) < INFREQUENT_DAYS,
  );
  if (tooEarly) {
    return `'Days' in Transition action must be greater than or equal to ${INFREQUENT_DAYS} for storageClass '${String(tooEarly.storageClass)}'`;
  }
  if (daysOf(ARCHIVES).some((days) => infrequent.some((before) => days < before + INFREQUENT_DAYS))) {
    return `'Days' in the Transition action for StorageClass 'GLACIER' ${where} must be ${INFREQUENT_DAYS} days more than 'Days' in the Transition action for StorageClass 'STANDARD_IA'`;
  }
  const expires = (expiration as Properties | undefined)?.days;
  if (typeof expires === 'number' && transitions.some(({ days }) => Number(days ?? 0) >= expires)) {
    return `'Days' in the Expiration action ${where} must be greater than 'Days' in the Transition action`;
  }
  return undefined;
}

function prefixOf({ filter, prefix }: Properties): string {
  return textOf(prefix) ?? textOf((filter as Properties | undefined)?.prefix) ?? '';
}
