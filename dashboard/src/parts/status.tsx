import { statusWords } from '../words';

const TONES: Readonly<Record<string, string>> = {
  deployed: 'good',
  success: 'good',
  destroyed: 'calm',
  ready: 'calm',
  initialized: 'calm',
  disabled: 'calm',
  not_deployed: 'calm',
  pending: 'calm',
  skipped: 'calm',
  cancelled: 'warn',
  partial: 'warn',
  rolled_back: 'warn',
  failed: 'bad',
};

/** A status as a coloured chip; whatever is not at rest counts as busy. */
export function Status({ value }: { readonly value: string }) {
  return <span className={`chip chip-${TONES[value] ?? 'busy'}`}>{statusWords(value)}</span>;
}
