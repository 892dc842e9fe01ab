import type { Progress } from '../../engine/protocol.ts';
import { formatCount } from './format.ts';

interface WorkingProps {
  /** What goes on, e.g. `Reading layer 2`. */
  label: string;
  progress?: Progress;
  onStop: () => void;
}

/** Marks the button that stands in the place of Stop once a job is stopped; it takes over the focus. */
export const AFTER_STOP = { 'data-after-stop': '' };

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
      <button
        type="button"
        onClick={(event) => {
          const panel = event.currentTarget.closest('.panel');
          onStop();
          // Drawn by then: a click is handled at once.
          requestAnimationFrame(() => panel?.querySelector<HTMLElement>('[data-after-stop]')?.focus());
        }}
      >
        Stop
      </button>
    </div>
  );
}
