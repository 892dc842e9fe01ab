import { type FormEvent, useEffect, useId, useState } from 'react';
import { useCorpora } from '../../state/corpora.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { Section } from '../models/Section.tsx';
import { formatBytes, formatCount, formatDuration } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { NumberField } from '../steering/NumberField.tsx';
import './corpora.css';
import { Preview } from './Preview.tsx';

/** What file dialogs offer first; any other file can be chosen as well. */
const ENDINGS = '.txt,.md,.text,.csv,.tsv,.tab,.jsonl,.ndjson,.json,.parquet,text/*';
const MOST_GENERATED = 1_000_000;
const MOST_SEED = 4_294_967_295;

/** Ways to bring texts: a file, a paste, or as many of the synthetic language as wanted. */
export function Upload() {
  const draft = useCorpora((state) => state.draft);
  const adding = useCorpora((state) => state.adding);
  const failure = useCorpora((state) => state.failure);
  const preview = useCorpora((state) => state.preview);
  const id = useId();
  const take = (file: File | undefined): void => {
    if (file) void preview({ source: file, name: file.name });
  };
  const dragging = useDrop(take);
  return (
    <Section
      title="Add texts"
      about={
        <>
          <p>
            Texts are read in this page and kept in this browser’s storage for this site; nothing is sent
            anywhere. Plain text (one a line, or with blank lines between), CSV, tab-separated, JSON Lines, a
            JSON list, and Parquet; encodings are found out. A preview shows how a file is read before
            anything is kept.
          </p>
          <p>
            One text has at most 2,000,000 characters (UTF-16 units); a longer one is skipped and listed,
            since cut it would be another text. A file gives at most 5,000,000 texts, and 1,000 columns of
            metadata with values of up to 1,000 characters.
          </p>
        </>
      }
    >
      <div className={`drop-here${dragging ? ' is-dragging' : ''}`}>
        <span className="file-button">
          <input
            id={id}
            type="file"
            accept={ENDINGS}
            disabled={adding !== undefined}
            onChange={(event) => {
              take(event.target.files?.[0]);
              // The same file again is a choice as well.
              event.target.value = '';
            }}
          />
          <label htmlFor={id}>Choose a file of texts</label>
        </span>
        <span className="small">
          {dragging ? 'Let go: it is shown first.' : 'or drop one anywhere here.'}
        </span>
      </div>
      <Missing />
      {draft?.reading && !draft.preview && (
        <p role="status" className="small">
          Reading the beginning of {draft.request.name} …
        </p>
      )}
      {!draft?.preview && <Trouble error={failure} />}
      <Progress />
      <Added />
      <Paste />
      <Generate />
      {draft?.preview && !adding && <Preview />}
    </Section>
  );
}

/** Takes files that are dropped anywhere on the page. The file button is its way by keyboard. */
function useDrop(take: (file: File | undefined) => void): boolean {
  const [dragging, setDragging] = useState(false);
  useEffect(() => {
    const heed = (event: DragEvent, over: boolean): boolean => {
      if (!event.dataTransfer?.types.includes('Files')) return false;
      event.preventDefault();
      setDragging(over);
      return true;
    };
    const over = (event: DragEvent): void => void heed(event, true);
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setDragging(false);
    };
    const drop = (event: DragEvent): void => {
      if (heed(event, false)) take(event.dataTransfer?.files[0]);
    };
    document.addEventListener('dragover', over);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragover', over);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  });
  return dragging;
}

/** A link over texts that are not here says which, and asks for their file. */
function Missing() {
  const missing = useScans((state) => state.missing);
  const over = usePage((state) => state.view.over);
  const added = useCorpora((state) => state.added);
  const showOver = useScans((state) => state.showOver);
  if (!missing || !over.startsWith('own-')) return null;
  const wanted = over.slice('own-'.length);
  return (
    <div role="status" className="message message-warning missing-texts">
      <div>
        <p>
          This link is over texts that are not on this device. Choose their file: the texts are right when
          their hash is <code>{wanted}</code>.
        </p>
        {added && added.digest !== wanted && (
          <p>
            {added.name} has the hash <code>{added.digest}</code>: other texts, or the same file read in
            another way (another column, format or encoding).
          </p>
        )}
        <p>
          <button type="button" onClick={() => void showOver('')}>
            Show the usual texts instead
          </button>
        </p>
      </div>
    </div>
  );
}

function Progress() {
  const adding = useCorpora((state) => state.adding);
  const stop = useCorpora((state) => state.stop);
  if (!adding) return null;
  const { name, progress, left } = adding;
  const { done = 0, total = 0, items = 0, skipped = 0 } = progress ?? {};
  return (
    <div className="adding">
      <p role="status" className="small">
        Keeping the texts of {name} …
      </p>
      <progress
        aria-label={`Keeping the texts of ${name}`}
        {...(total > 0 ? { value: Math.min(done, total), max: total } : {})}
      />
      <p className="small number-line">
        {formatBytes(done)} of {formatBytes(total)} · {formatCount(items)} texts
        {skipped > 0 && ` · ${formatCount(skipped)} rows skipped`}
        {left !== undefined && ` · ${formatDuration(left)} left`}
      </p>
      <button type="button" onClick={stop}>
        Cancel
      </button>
    </div>
  );
}

function Added() {
  const added = useCorpora((state) => state.added);
  const showOver = useScans((state) => state.showOver);
  const over = usePage((state) => state.view.over);
  if (!added) return <p role="status" className="visually-hidden" />;
  const corpus = `own-${added.digest}`;
  const { count } = added.skipped;
  return (
    <div className="row" role="status">
      <span>
        {added.already
          ? `These texts are here already, as “${added.name}”.`
          : `${formatCount(added.items)} ${added.items === 1 ? 'text' : 'texts'} of ${added.name} kept` +
            (count > 0 ? `; ${formatCount(count)} ${count === 1 ? 'row' : 'rows'} skipped.` : '.')}
      </span>
      {over !== corpus && (
        <button type="button" className="primary" onClick={() => void showOver(corpus)}>
          Read these
        </button>
      )}
    </div>
  );
}

function Paste() {
  const preview = useCorpora((state) => state.preview);
  const busy = useCorpora((state) => state.adding !== undefined);
  const [text, setText] = useState('');
  const id = useId();
  return (
    <details>
      <summary>Paste texts</summary>
      <form
        className="paste"
        onSubmit={(event) => {
          event.preventDefault();
          void preview({ source: text, name: 'Pasted texts' });
        }}
      >
        <label htmlFor={id} className="small">
          Texts, a table, or JSON
        </label>
        <textarea
          id={id}
          rows={5}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" disabled={text.trim() === '' || busy}>
          Look at it
        </button>
      </form>
    </details>
  );
}

function Generate() {
  const showOver = useScans((state) => state.showOver);
  const [items, setItems] = useState(2_000);
  const [seed, setSeed] = useState(1);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void showOver(`storyworld-${seed}-${items}`);
  };
  return (
    <details>
      <summary>Generate texts of Storyworld</summary>
      <form className="generate" onSubmit={submit}>
        <NumberField title="Texts" value={items} least={1} most={MOST_GENERATED} whole onChange={setItems} />
        <NumberField
          title="Seed"
          about={<p>The same seed makes the same texts, on every device.</p>}
          value={seed}
          least={0}
          most={MOST_SEED}
          whole
          onChange={setSeed}
        />
        <button type="submit">Read {formatCount(items)} texts</button>
      </form>
    </details>
  );
}
