import type { Ref } from 'react';
import { usePage } from '../../state/store.ts';
import { BackendSelect, explainBackend } from './BackendSelect.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['← → Home End', 'walk the tokens'],
  ['Shift + ← →', 'brush several tokens'],
  ['Enter', 'open the strongest feature of the token; in the list, the feature itself'],
  ['↑ ↓', 'walk the features'],
  ['P', 'pin or unpin the feature'],
  ['S', 'steer with the feature'],
  ['A', 'among the heads: ablate one, or put it back; Enter opens its page'],
  ['[ ]', 'on a feature’s page: the one before, the next; Esc goes back to the list'],
  ['Esc', 'clear the choice of tokens; close what is open'],
];

export function HelpDialog({ ref }: { ref: Ref<HTMLDialogElement> }) {
  const adapter = usePage((state) => state.opened?.adapter);
  return (
    <dialog ref={ref} className="dialog" aria-labelledby="help-title">
      <h2 id="help-title">What this page does</h2>
      <p>
        A small language model and a sparse autoencoder (SAE) run here, on your own computer. The SAE rewrites
        what the model knows at one point, for each token, as a few <em>features</em> out of thousands. Choose
        a token to see its features; choose a feature to see where it fires and which next tokens it makes
        likelier.
      </p>
      <p>
        Nothing you type leaves this page: the text is in the part of the address after #, which browsers do
        not send. Whoever you give the link to sees the same text and the same numbers.
      </p>
      {adapter && (
        <p>
          Computed by <BackendSelect label="Computed by, as in the header" adapter={adapter} /> —{' '}
          {explainBackend(adapter)}.
        </p>
      )}
      <h3>Keys</h3>
      <dl className="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
