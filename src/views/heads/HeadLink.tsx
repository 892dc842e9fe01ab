import { usePage } from '../../state/store.ts';

/** Goes to another head, on the same part of its page. */
export function HeadLink({ layer, head }: { layer: number; head: number }) {
  const change = usePage((state) => state.change);
  return (
    <button
      type="button"
      className="link"
      aria-label={`Show head ${layer}.${head}`}
      onClick={() => change({ layer, head })}
    >
      {layer}.{head}
    </button>
  );
}
