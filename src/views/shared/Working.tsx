import type { Progress } from '../../engine/protocol.ts';
import { formatCount } from './format.ts';

interface WorkingProps {
  /** What goes on, e.g. `Reading layer 2`. */
  label: string;
  progress?: Progress;
  onStop: () => void;
}

/** A long job: how far it is, and how to stop it. */
export function Working({ label, progress, onStop }: WorkingProps) {
  const { done = 0, total = 0, what = '' } = progress ?? {};
  return (
    <div className="row working" role="status">
      <progress aria-label={label} {...(total > 0 ? { value: Math.min(done, total), max: total } : {})} />
      <span className="small">
        {label}
        {total > 0 && `: ${formatCount(done)} of ${formatCount(total)} ${what}`} …
      </span>
      <button type="button" onClick={onStop}>
        Stop
      </button>
    </div>
  );
}
