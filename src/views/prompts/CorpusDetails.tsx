import { type FormEvent, useId, useState } from 'react';
import { useCorpora } from '../../state/corpora.ts';
import { useScans } from '../../state/scans.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { Facts } from '../models/Section.tsx';
import { BrowseItems } from './BrowseItems.tsx';
import type { Listed } from './Corpora.tsx';
import { Skipped } from './Preview.tsx';

const TITLES: Readonly<Record<string, string>> = {
  lines: 'text, one a line',
  paragraphs: 'text, blank lines between',
  csv: 'CSV',
  tsv: 'tabs between columns',
  jsonl: 'JSON Lines',
  json: 'JSON list',
  parquet: 'Parquet',
};

/** All there is to know of one corpus, and to do with it. */
export function CorpusDetails({ corpus, isShown }: { corpus: Listed; isShown: boolean }) {
  const { id, name, manifest } = corpus;
  const showOver = useScans((state) => state.showOver);
  const remove = useCorpora((state) => state.remove);
  const [doing, setDoing] = useState<'rename' | 'remove'>();
  const [browsing, setBrowsing] = useState(false);
  return (
    <div className="corpus-details" role="group" aria-label={name}>
      {manifest && (
        <>
          <Facts
            facts={[
              { name: 'Hash', value: <Hash digest={manifest.digest} /> },
              { name: 'Added', value: new Date(manifest.added).toLocaleString() },
              {
                name: 'Read as',
                value: `${TITLES[manifest.format] ?? manifest.format}, ${manifest.encoding}, ${formatBytes(manifest.bytes)}`,
              },
              { name: 'Text', value: manifest.field },
              { name: 'Metadata', value: someOf(manifest.metadata) },
            ]}
          />
          {manifest.notes && manifest.notes.length > 0 && (
            <ul className="notes small">
              {manifest.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          )}
          <Skipped rows={manifest.skipped.first} title={skippedTitle(manifest.skipped.count)} />
        </>
      )}
      <p className="row">
        <button
          type="button"
          className={isShown ? '' : 'primary'}
          disabled={isShown}
          onClick={() => void showOver(id)}
        >
          {isShown ? 'Shown now' : 'Read these'}
        </button>
        <button type="button" onClick={() => setBrowsing(true)}>
          Browse
        </button>
        {manifest && doing === undefined && (
          <>
            <button type="button" onClick={() => setDoing('rename')}>
              Rename
            </button>
            <button type="button" onClick={() => setDoing('remove')}>
              Remove
            </button>
          </>
        )}
        {manifest && doing === 'remove' && (
          <>
            <button
              type="button"
              className="danger"
              onClick={() => {
                if (isShown) void showOver('');
                void remove(manifest.digest);
              }}
            >
              Yes, remove {formatCount(manifest.items)} texts
            </button>
            <button type="button" onClick={() => setDoing(undefined)}>
              Keep them
            </button>
          </>
        )}
      </p>
      {manifest && doing === 'rename' && (
        <Rename digest={manifest.digest} name={name} onDone={() => setDoing(undefined)} />
      )}
      {browsing && <BrowseItems corpus={corpus} onClose={() => setBrowsing(false)} />}
    </div>
  );
}

function Rename({ digest, name, onDone }: { digest: string; name: string; onDone: () => void }) {
  const rename = useCorpora((state) => state.rename);
  const [text, setText] = useState(name);
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void rename(digest, text).then(onDone);
  };
  return (
    <form className="row" onSubmit={submit}>
      <label htmlFor={id} className="small">
        Name
      </label>
      <input
        id={id}
        type="text"
        className="grow"
        value={text}
        maxLength={200}
        // It was asked for with the click before.
        // oxlint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" disabled={text.trim() === ''}>
        Rename
      </button>
      <button type="button" onClick={onDone}>
        Cancel
      </button>
    </form>
  );
}

function Hash({ digest }: { digest: string }) {
  const [said, setSaid] = useState('');
  return (
    <span className="row hash">
      <code>{digest}</code>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          navigator.clipboard.writeText(digest).then(
            () => setSaid('Copied.'),
            () => setSaid('Select it and copy.'),
          );
        }}
      >
        Copy
      </button>
      <span role="status" className="small">
        {said}
      </span>
    </span>
  );
}

const skippedTitle = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? 'row was' : 'rows were'} skipped${count > 100 ? '; the first of them' : ''}`;

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${formatCount(names.length - 12)} more` : shown;
}
