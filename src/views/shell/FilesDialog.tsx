import { useEffect, useId, useRef, useState } from 'react';
import { FacetError } from '../../shared/errors.ts';
import { useNotes } from '../../state/notes.ts';
import { notesFile, openFile, sessionFile } from '../../state/session.ts';
import { fileName, save } from '../shared/download.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { importWords, sessionWords } from './file-words.ts';

const JSON_TYPE = 'application/json';
const today = (): string => new Date().toISOString().slice(0, 10);

/** Saves and opens sessions, and notes and explanations of features. */
export default function FilesDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [working, setWorking] = useState('');
  const [said, setSaid] = useState<string[]>([]);
  const [failure, setFailure] = useState<FacetError>();
  const want = useNotes((state) => state.want);
  useEffect(() => {
    want();
    dialog.current?.showModal();
  }, [want]);

  const attempt = async (what: string, work: () => Promise<string[]>): Promise<void> => {
    setWorking(what);
    setFailure(undefined);
    setSaid([]);
    try {
      setSaid(await work());
    } catch (thrown) {
      setFailure(FacetError.from(thrown));
    } finally {
      setWorking('');
    }
  };
  const saveText = (title: string, content: string): void =>
    save(fileName(title, 'json'), new Blob([content], { type: JSON_TYPE }));
  const open = (file: File): Promise<void> =>
    attempt(`Reading ${file.name}`, async () => {
      const { kind, report } = await openFile(file);
      return kind === 'session' ? sessionWords(report) : importWords(report);
    });
  return (
    <dialog ref={dialog} className="dialog files-dialog" aria-labelledby={`${id}-title`} onClose={onClose}>
      <h2 id={`${id}-title`}>Files</h2>
      <h3>Save</h3>
      <div className="row">
        <button
          type="button"
          disabled={working !== ''}
          onClick={() =>
            void attempt('Collecting', async () => {
              saveText(`session ${today()}`, await sessionFile());
              return ['The session is saved.'];
            })
          }
        >
          Session
        </button>
        <button
          type="button"
          disabled={working !== ''}
          onClick={() =>
            void attempt('Collecting', async () => {
              saveText(`notes ${today()}`, await notesFile());
              return ['Your notes are saved.'];
            })
          }
        >
          Notes and explanations
        </button>
      </div>
      <p className="small">
        A session is this view, all notes and kept recipes, and the names of the texts and scans they rest on;
        not the texts themselves. Notes are those of every model and dictionary.
      </p>
      <h3>Open</h3>
      <div className="row">
        <button type="button" disabled={working !== ''} onClick={() => input.current?.click()}>
          Choose a file …
        </button>
        <input
          ref={input}
          type="file"
          hidden
          accept=".json,.jsonl,.ndjson,.gz,application/json"
          aria-label="Session, notes, explanations or feature"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file) void open(file);
            // The same file may be chosen again.
            event.target.value = '';
          }}
        />
      </div>
      <p className="small">
        A session or notes of Facet; explanations as Neuronpedia exports them (.json, .jsonl, .jsonl.gz),
        which go to the open dictionary; or one feature in Neuronpedia’s JSON. Where a note and a file’s
        differ, the newer text is taken, field by field, and the other is kept beside it.
      </p>
      <div role="status" className="files-said">
        {working !== '' ? <p>{working} …</p> : said.map((line) => <p key={line}>{line}</p>)}
      </div>
      <Trouble error={failure} />
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
