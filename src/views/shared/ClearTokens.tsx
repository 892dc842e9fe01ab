import { usePage } from '../../state/store.ts';
import type { Choice } from './choice.ts';

/** Gives up the active token and those brushed; nothing where none is. */
export function ClearTokens({ choice }: { choice: Choice | undefined }) {
  const select = usePage((state) => state.select);
  const chosen = choice?.ranges.reduce((count, [from, to]) => count + to - from + 1, 0) ?? 0;
  if (!choice || (choice.active === undefined && chosen === 0)) return null;
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => {
        document.querySelector<HTMLElement>('.token[tabindex="0"]')?.focus();
        select(null);
      }}
    >
      {chosen > 0 ? `${chosen} tokens chosen: clear` : 'Clear'}
    </button>
  );
}
