import { useCallback, useEffect, useId, useRef, useState } from 'react';
import type { CorpusItem } from '../../corpus/protocol.ts';
import { FacetError } from '../../shared/errors.ts';
import { useCorpora } from '../../state/corpora.ts';
import { usePage } from '../../state/store.ts';
import { formatCount } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { VirtualRows } from '../shared/VirtualRows.tsx';
import { readableText } from '../shared/visible-text.ts';
import type { Listed } from './Corpora.tsx';
import { ItemText, Metadata, useModal } from './Preview.tsx';

/** Texts that are asked for at a time, and how many of such parts are remembered. */
const PART = 50;
const PARTS = 20;
const ROW_HEIGHT = 32;

/** The texts of a corpus one after the other; only what is in sight is read. */
export function BrowseItems({ corpus, onClose }: { corpus: Listed; onClose: () => void }) {
  const { id, name, items: count, manifest } = corpus;
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const goTo = usePage((state) => state.goTo);
  const setText = usePage((state) => state.setText);
  const [chosen, setChosen] = useState(0);
  const { itemAt, failure } = useItems(id);
  useModal(dialog);
  const item = itemAt(chosen);
  return (
    <dialog ref={dialog} className="dialog corpus-browse" aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>
        {name} <span className="small">{formatCount(count)} texts</span>
      </h2>
      <Trouble error={failure} />
      <VirtualRows label={`Texts of ${name}`} count={count} rowHeight={ROW_HEIGHT} keyOf={String}>
        {(i) => (
          <button
            type="button"
            className={`item-row${i === chosen ? ' is-chosen' : ''}`}
            aria-pressed={i === chosen}
            onClick={() => setChosen(i)}
          >
            <span className="small number">{formatCount(i + 1)}</span>
            <span className="item-line" dir="auto">
              {readableText(itemAt(i)?.text.slice(0, 200) ?? '…')}
            </span>
          </button>
        )}
      </VirtualRows>
      {item && (
        // Scrollable parts must be reachable by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="whole-item" tabIndex={0} role="group" aria-label={`Text ${chosen + 1}`}>
          <ItemText text={item.text} most={20_000} />
          <Metadata names={manifest?.metadata ?? ['register']} values={item.metadata} most={40} />
        </div>
      )}
      <p className="row dialog-foot">
        <button
          type="button"
          className="primary"
          disabled={!item}
          onClick={() => {
            if (!item) return;
            onClose();
            goTo('explore');
            setText(item.text);
          }}
        >
          Read it in Explore
        </button>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </p>
    </dialog>
  );
}

/** Items of a corpus by number; one that is not here yet is asked for. */
function useItems(corpus: string): { itemAt: (i: number) => CorpusItem | undefined; failure?: FacetError } {
  const read = useCorpora((state) => state.read);
  const [parts, setParts] = useState<ReadonlyMap<number, readonly CorpusItem[]>>(new Map());
  const [failure, setFailure] = useState<FacetError>();
  const wanted = useRef(new Set<number>());
  const asked = useRef(new Set<number>());
  const itemAt = useCallback(
    (i: number) => {
      const part = Math.floor(i / PART);
      const found = parts.get(part);
      if (!found) wanted.current.add(part);
      return found?.[i - part * PART];
    },
    [parts],
  );
  // After each drawing: what it lacked.
  useEffect(() => {
    for (const part of wanted.current) {
      if (asked.current.has(part)) continue;
      asked.current.add(part);
      read(corpus, part * PART, PART).then(
        (items) => {
          asked.current.delete(part);
          setParts((before) => {
            const kept = [...before].slice(-PARTS + 1);
            return new Map([...kept, [part, items]]);
          });
        },
        (thrown: unknown) => setFailure(FacetError.from(thrown)),
      );
    }
    wanted.current.clear();
  });
  return { itemAt, failure };
}
