import { type Ref, useId, useState } from 'react';
import {
  type Embed,
  EMBED_FLAGS,
  EMBED_SIZE,
  embedAddress,
  embedCode,
  type EmbedFlag,
  readEmbed,
} from '../../state/embed.ts';
import { usePage } from '../../state/store.ts';
import { useOwnLabel } from '../shared/OwnLabel.tsx';
import './embed-dialog.css';

const FLAGS = Object.entries(EMBED_FLAGS) as [EmbedFlag, string][];
const ALL = readEmbed('?embed')!.show;

/** Makes the code that shows a feature in another page. */
export function EmbedDialog({ ref, feature }: { ref: Ref<HTMLDialogElement>; feature: number }) {
  const id = useId();
  const link = usePage((state) => state.link);
  const goTo = usePage((state) => state.goTo);
  const hook = usePage((state) => state.opened?.dictionary?.hook);
  const label = useOwnLabel(feature);
  const [show, setShow] = useState<Embed['show']>(ALL);
  const [testText, setTestText] = useState('');
  const [code, setCode] = useState('');
  const [said, setSaid] = useState('');

  const make = async (): Promise<void> => {
    // The frame opens the view of the link, and of all views this is the one of a feature.
    if (usePage.getState().view.view !== 'features') goTo('features');
    const address = embedAddress(await link(), {
      show,
      testText,
      label: show.embedexplanation ? label : undefined,
    });
    const made = embedCode(address, `Feature ${feature} of ${hook ?? 'a dictionary'}, in Facet`);
    setCode(made);
    try {
      await navigator.clipboard.writeText(made);
      setSaid('Copied.');
    } catch {
      setSaid('Copy it from the field.');
    }
  };
  return (
    <dialog ref={ref} className="dialog embed-dialog" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Embed feature {feature} in another page</h2>
      <p>
        The frame computes in the GPU of whoever looks at it, and shows what the link shows. It fits{' '}
        {EMBED_SIZE.width} × {EMBED_SIZE.height} pixels; the page around it must be secure (https).
      </p>
      <fieldset>
        <legend>What it shows</legend>
        {FLAGS.map(([flag, name]) => (
          <label key={flag}>
            <input
              type="checkbox"
              checked={show[flag]}
              onChange={({ target }) => setShow({ ...show, [flag]: target.checked })}
            />{' '}
            {name}
          </label>
        ))}
      </fieldset>
      <label htmlFor={`${id}-text`}>Text it is tested on; empty: the text of this view</label>
      <input
        id={`${id}-text`}
        type="text"
        maxLength={2_000}
        value={testText}
        onChange={({ target }) => setTestText(target.value)}
      />
      <div className="row">
        <button type="button" className="primary" onClick={() => void make()}>
          Make and copy the code
        </button>
        <span role="status" className="small">
          {said}
        </span>
      </div>
      {code !== '' && (
        <>
          <label htmlFor={`${id}-code`}>Code</label>
          <textarea
            id={`${id}-code`}
            readOnly
            rows={5}
            value={code}
            onFocus={({ target }) => target.select()}
          />
        </>
      )}
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
