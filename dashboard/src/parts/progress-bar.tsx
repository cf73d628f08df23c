export function ProgressBar({
  percent,
  label,
  tone = 'busy',
}: {
  readonly percent: number;
  readonly label: string;
  readonly tone?: 'busy' | 'good' | 'bad' | 'calm';
}) {
  return <progress className={`progress progress-${tone}`} max={100} value={percent} aria-label={label} />;
}
