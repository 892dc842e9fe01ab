import type { Asked } from '../../state/asking.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../shared/Working.tsx';

interface AskingProps {
  asked: Asked<unknown>;
  /** While it is worked on. */
  label: string;
  /** On the button that asks again after it was stopped. */
  verb: string;
  onStop: () => void;
  onAgain: () => void;
}

/** A question that is being worked on, was stopped, or failed. */
export function Asking({
  asked: { running, progress, failure, stopped },
  label,
  verb,
  onStop,
  onAgain,
}: AskingProps) {
  if (running) return <Working label={label} progress={progress} onStop={onStop} />;
  return (
    <>
      <Trouble error={failure} />
      {(failure ?? stopped) && (
        <p className="row">
          <button type="button" onClick={onAgain} {...AFTER_STOP}>
            {failure ? 'Try again' : verb}
          </button>
        </p>
      )}
    </>
  );
}
