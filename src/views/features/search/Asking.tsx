import { useSearch } from '../../../state/search.ts';
import { Trouble } from '../../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../../shared/Working.tsx';

interface AskingProps {
  name: 'text' | 'token' | 'together';
  label: string;
}

/** A question that is being worked on, was stopped, or failed. */
export function Asking({ name, label }: AskingProps) {
  const { running, progress, failure, stopped } = useSearch((state) => state[name]);
  const stop = useSearch((state) => state.stop);
  const again = useSearch((state) => state.again);
  if (running) return <Working label={label} progress={progress} onStop={() => stop(name)} />;
  return (
    <>
      <Trouble error={failure} />
      {(failure ?? stopped) && (
        <p className="row">
          <button type="button" onClick={() => again(name)} {...AFTER_STOP}>
            {failure ? 'Try again' : 'Search'}
          </button>
        </p>
      )}
    </>
  );
}
