import { useCompare } from '../../../state/compare.ts';
import { Asking } from '../Asking.tsx';

/** A comparison that is being worked on, was stopped, or failed. */
export function Comparing({ name, label }: { name: 'texts' | 'corpora' | 'match'; label: string }) {
  const asked = useCompare((state) => state[name]);
  const stop = useCompare((state) => state.stop);
  const again = useCompare((state) => state.again);
  return (
    <Asking
      asked={asked}
      label={label}
      verb="Compare"
      onStop={() => stop(name)}
      onAgain={() => again(name)}
    />
  );
}
