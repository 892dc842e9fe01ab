import { useHeads } from '../../state/heads.ts';
import { headName } from './derived.ts';

/** Goes to another head, on the same part of its page. */
export function HeadLink({ layer, head }: { layer: number; head: number }) {
  const openHead = useHeads((state) => state.openHead);
  const name = headName(layer, head);
  return (
    <button
      type="button"
      className="link"
      aria-label={`Show head ${name}`}
      onClick={() => openHead(layer, head)}
    >
      {name}
    </button>
  );
}
