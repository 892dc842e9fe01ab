import { useSearch } from '../../../state/search.ts';
import { Asking as AnyAsking } from '../Asking.tsx';

/** A search that is being worked on, was stopped, or failed. */
export function Asking({ name, label }: { name: 'text' | 'token' | 'together'; label: string }) {
  const asked = useSearch((state) => state[name]);
  const stop = useSearch((state) => state.stop);
  const again = useSearch((state) => state.again);
  return (
    <AnyAsking
      asked={asked}
      label={label}
      verb="Search"
      onStop={() => stop(name)}
      onAgain={() => again(name)}
    />
  );
}
