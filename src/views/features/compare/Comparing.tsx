import { useCompare } from '../../../state/compare.ts';
import { Trouble } from '../../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../../shared/Working.tsx';

interface ComparingProps {
  name: 'texts' | 'corpora' | 'match';
  label: string;
}

/** A comparison that is being worked on, was stopped, or failed. */
export function Comparing({ name, label }: ComparingProps) {
  const { running, progress, failure, stopped } = useCompare((state) => state[name]);
  const stop = useCompare((state) => state.stop);
  const again = useCompare((state) => state.again);
  if (running) return <Working label={label} progress={progress} onStop={() => stop(name)} />;
  return (
    <>
      <Trouble error={failure} />
      {(failure ?? stopped) && (
        <p className="row">
          <button type="button" onClick={() => again(name)} {...AFTER_STOP}>
            {failure ? 'Try again' : 'Compare'}
          </button>
        </p>
      )}
    </>
  );
}
