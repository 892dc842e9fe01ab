import { useSearch } from '../../../state/search.ts';
import { formatCount } from '../../shared/format.ts';
import { AFTER_STOP, Working } from '../../shared/Working.tsx';

/** How many features' promoted tokens are known, while they are not all. */
export function Labelling() {
  const labelling = useSearch((state) => state.labelling);
  const labelAll = useSearch((state) => state.labelAll);
  const stopLabelling = useSearch((state) => state.stopLabelling);
  if (!labelling || labelling.done === labelling.total) return null;
  const { done, total, running } = labelling;
  if (running) {
    return (
      <Working
        label="Promoted tokens"
        progress={{ phase: 'scan', what: 'features', unit: 'steps', done, total }}
        onStop={stopLabelling}
      />
    );
  }
  return (
    <p className="small row">
      Promoted tokens are known of {formatCount(done)} of {formatCount(total)} features.
      <button type="button" onClick={() => void labelAll()} {...AFTER_STOP}>
        Go on
      </button>
    </p>
  );
}
