import type { ReactNode } from 'react';
import { type Slot, useHeads } from '../../state/heads.ts';
import { formatCount } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';

/** How far something asked about heads is, with its way to stop it, go on, or try again. Keeps its height. */
export function Work({ slot, what, children }: { slot: Slot; what: string; children?: ReactNode }) {
  const { running, stopped, progress, failure } = useHeads((state) => state[slot]);
  const stop = useHeads((state) => state.stop);
  const again = useHeads((state) => state.again);
  if (failure) {
    return (
      <>
        <Trouble error={failure} />
        <p>
          <button type="button" onClick={() => void again(slot)}>
            Try again
          </button>
        </p>
      </>
    );
  }
  const { done = 0, total = 0 } = progress ?? {};
  return (
    <div className="work">
      {running ? (
        <>
          <progress aria-label={what} {...(total > 0 ? { value: Math.min(done, total), max: total } : {})} />
          <span className="small">
            {total > 0 ? `${progress!.what}: ${formatCount(done)} of ${formatCount(total)}` : `${what} …`}
          </span>
        </>
      ) : (
        <>
          <span className="small">{children}</span>
          {stopped && <span className="small">Stopped.</span>}
        </>
      )}
      {(running || stopped) && (
        // One button that stops and goes on, so that whoever pressed it keeps the focus.
        <button
          type="button"
          className="quiet"
          aria-label={running ? `Stop: ${what}` : `Go on: ${what}`}
          onClick={() => (running ? stop(slot) : void again(slot))}
        >
          {running ? 'Stop' : 'Go on'}
        </button>
      )}
    </div>
  );
}
