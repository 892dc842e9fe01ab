import { type DragEvent, type FormEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { filesOfDrop, filesOfInput } from '../../library/drop.ts';
import type { StoredSet } from '../../library/protocol.ts';
import { largestBuffer } from '../../state/adapter.ts';
import {
  type EntryFilter,
  filterEntries,
  makeEntries,
  type ModelEntry,
  parseRepositoryInput,
  setsNearby,
} from '../../state/entries.ts';
import { IMPORT, useLibrary } from '../../state/library.ts';
import { loadCatalogues } from '../../state/published.ts';
import { parseReference } from '../../state/reference.ts';
import { usePage } from '../../state/store.ts';
import { FacetError } from '../../shared/errors.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { Info } from '../shared/Info.tsx';
import { EntryList } from './EntryList.tsx';
import { HubSettings } from './HubSettings.tsx';
import { JobProgress } from './JobProgress.tsx';
import { ModelPage } from './ModelPage.tsx';
import './models.css';
import { StoredSets } from './StoredSets.tsx';
import { Trouble } from '../shared/Trouble.tsx';

type Catalogues = Awaited<ReturnType<typeof loadCatalogues>>;
type Given = readonly { path: string; file: File }[];

const NO_SETS: readonly StoredSet[] = [];
const NO_IDS: readonly string[] = [];

/** What there is to open, what is on this device, and the page of one model. Asks no other site before a click. */
export default function ModelsView() {
  const refresh = useLibrary((state) => state.refresh);
  const stored = useLibrary((state) => state.stored ?? NO_SETS);
  const looks = useLibrary((state) => state.looks);
  const importFiles = useLibrary((state) => state.importFiles);
  const opened = usePage((state) => state.opened?.model.id);
  const wanted = usePage((state) => state.view.look);
  const goTo = usePage((state) => state.goTo);
  const page = useRef<HTMLDivElement>(null);
  const [catalogues, setCatalogues] = useState<Catalogues>();
  const [problem, setProblem] = useState<FacetError>();
  const [typed, setTyped] = useState<ModelEntry>();
  const [found, setFound] = useState<Readonly<Record<string, readonly string[]>>>({});
  const [dragging, setDragging] = useState(false);
  const [keep, setKeep] = useState(false);

  useEffect(() => {
    void refresh();
    loadCatalogues().then(setCatalogues, (thrown: unknown) => setProblem(FacetError.from(thrown)));
  }, [refresh]);

  const entries = useMemo(
    () => makeEntries(catalogues ?? { site: [], published: [] }, stored, Object.values(looks)),
    [catalogues, stored, looks],
  );
  const look = wanted ?? opened ?? entries[0]?.key;
  const { entry, reference } = useMemo(
    () => resolve(look, entries, typed, stored),
    [look, entries, typed, stored],
  );

  const addFound = (id: string): void => {
    if (entry) setFound({ ...found, [entry.key]: [...new Set([...(found[entry.key] ?? []), id])] });
  };
  const take = async (given: Promise<Given> | Given): Promise<void> => {
    setProblem(undefined);
    try {
      const id = await importFiles(await given, keep);
      // A visitor who has gone on meanwhile finds it in the list.
      if (id === undefined || usePage.getState().view.view !== 'models') return;
      const inspection = useLibrary.getState().looks[id]?.inspection;
      // Dictionaries without a model are for the model whose page is open.
      if (inspection && !inspection.model && inspection.dictionaries.length > 0 && entry) addFound(id);
      else goTo('models', { look: id });
    } catch (thrown) {
      setProblem(FacetError.from(thrown));
    }
  };
  const onDrag = (event: DragEvent, over: boolean): void => {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    setDragging(over);
  };

  return (
    // Dropping has its keyboard way in the two buttons for files and folders.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      className={`models${dragging ? ' is-dragging' : ''}`}
      onDragEnter={(event) => onDrag(event, true)}
      onDragOver={(event) => onDrag(event, true)}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDragging(false);
      }}
      onDrop={(event) => {
        onDrag(event, false);
        void take(filesOfDrop(event.dataTransfer));
      }}
    >
      <h1>Models and dictionaries</h1>
      <Trouble error={problem} />
      <div className="models-columns">
        <div className="models-list">
          <Choice
            entries={entries}
            chosen={entry?.key}
            onChoose={(key) => {
              goTo('models', { look: key });
              // On a narrow screen the page of the model lies below the list.
              requestAnimationFrame(() => page.current?.scrollIntoView({ block: 'nearest' }));
            }}
            onRepository={(repository) => {
              const key = repository.repo;
              const commit = repository.revision && /^[0-9a-f]{40}$/.test(repository.revision);
              setTyped(emptyEntry(key, repository.repo, repository.revision));
              goTo('models', { look: commit ? `hf:${key}@${repository.revision}` : key });
            }}
          />
          <OwnFiles keep={keep} onKeep={setKeep} onFiles={(files) => void take(files)} />
        </div>
        <div ref={page} className="models-page">
          {entry ? (
            <ModelPage
              key={`${entry.key} ${reference ?? ''}`}
              entry={entry}
              reference={reference}
              found={found[entry.key] ?? NO_IDS}
              nearby={setsNearby(entry, entries, stored).join(' ')}
              onFound={addFound}
            />
          ) : (
            <p role="status" className="quiet-text">
              {catalogues ? 'Choose a model.' : 'Reading the list of models …'}
            </p>
          )}
        </div>
      </div>
      <div className="models-foot">
        <StoredSets />
        <HubSettings />
      </div>
    </div>
  );
}

const emptyEntry = (key: string, repo: string | undefined, revision: string | undefined): ModelEntry => ({
  key,
  title: repo ?? 'Own files',
  repo,
  revision,
  gated: false,
  sets: [],
  dictionaries: 0,
  stored: false,
  words: '',
});

/** The line and the files that the link of a model's page means. */
function resolve(
  look: string | undefined,
  entries: readonly ModelEntry[],
  typed: ModelEntry | undefined,
  stored: readonly StoredSet[],
): { entry?: ModelEntry; reference?: string } {
  const parsed = look === undefined ? undefined : parseReference(look);
  if (!parsed || look === undefined) return {};
  const exact = entries.find(({ key }) => key === look);
  if (parsed.kind === 'local')
    return {
      entry: entries.find(({ key }) => key === parsed.set) ?? emptyEntry(parsed.set, undefined, undefined),
      reference: look,
    };
  if (parsed.kind === 'hub') {
    const listed = entries.find(({ repo }) => repo === parsed.repo);
    return { entry: listed ?? emptyEntry(parsed.set, parsed.repo, parsed.revision), reference: look };
  }
  if (exact?.site) return { entry: exact, reference: look };
  const entry =
    exact ??
    (typed?.key === look ? typed : look.includes('/') ? emptyEntry(look, look, undefined) : undefined);
  // What is on this device comes first: it can be looked into without asking anybody.
  const here = stored.find(({ id }) => id.startsWith(`hf:${look}@`))?.id;
  const pinned =
    entry?.revision && /^[0-9a-f]{40}$/.test(entry.revision) ? `hf:${look}@${entry.revision}` : undefined;
  return { entry, reference: here ?? pinned };
}

interface ChoiceProps {
  entries: readonly ModelEntry[];
  chosen: string | undefined;
  onChoose: (key: string) => void;
  onRepository: (repository: { repo: string; revision?: string }) => void;
}

/** One box for words and for repositories, filters, and the list. */
function Choice({ entries, chosen, onChoose, onRepository }: ChoiceProps) {
  const id = useId();
  const endpoint = useLibrary((state) => state.hub?.endpoint ?? '');
  const [filter, setFilter] = useState<EntryFilter>({
    search: '',
    fits: false,
    hasDictionaries: false,
    stored: false,
  });
  const [buffer, setBuffer] = useState(0);
  useEffect(() => void largestBuffer().then(setBuffer), []);
  const repository = parseRepositoryInput(filter.search, endpoint);
  const shown = filterEntries(entries, repository ? { ...filter, search: repository.repo } : filter, buffer);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (repository) onRepository(repository);
    else if (shown[0]) onChoose(shown[0].key);
  };
  const check = (name: 'fits' | 'hasDictionaries' | 'stored', text: string) => (
    <label className="tick-box">
      <input
        type="checkbox"
        checked={filter[name]}
        onChange={(event) => setFilter({ ...filter, [name]: event.target.checked })}
      />{' '}
      {text}
    </label>
  );
  return (
    <search className="panel">
      <form onSubmit={submit}>
        <label htmlFor={id}>Search, or name a repository</label>
        <input
          id={id}
          type="search"
          value={filter.search}
          placeholder="gpt2, gemma scope, hook_z … or owner/name"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setFilter({ ...filter, search: event.target.value })}
        />
        {repository && (
          <button type="submit" className="primary">
            Show {repository.repo}
          </button>
        )}
      </form>
      <div className="entry-filters small">
        {check('fits', 'fits this adapter')}
        <Info label="What “fits this adapter” means">
          <p>
            Browsers do not say how much graphics memory there is. A model counts as fitting when its weights,
            at two bytes a parameter, are no larger than the largest buffer this adapter allows
            {buffer > 0 ? `: ${formatBytes(buffer)}` : ''}. The page of a model has the full estimate.
          </p>
        </Info>
        {check('hasDictionaries', 'has dictionaries')}
        {check('stored', 'on this device')}
      </div>
      <p className="small" role="status">
        {formatCount(shown.length)} of {formatCount(entries.length)} models
      </p>
      {shown.length > 0 && <EntryList entries={shown} chosen={chosen} onChoose={onChoose} />}
    </search>
  );
}

interface OwnFilesProps {
  keep: boolean;
  onKeep: (keep: boolean) => void;
  onFiles: (files: Promise<Given>) => void;
}

/** Files of the visitor's own, chosen or dropped. */
function OwnFiles({ keep, onKeep, onFiles }: OwnFilesProps) {
  const id = useId();
  const input = (folder: boolean, text: string) => (
    <span className="file-button">
      <input
        id={`${id}-${folder ? 'folder' : 'files'}`}
        type="file"
        multiple
        {...(folder ? { webkitdirectory: '' } : {})}
        onChange={(event) => {
          const { files } = event.target;
          // An error of the choice is one of the reading.
          if (files && files.length > 0) onFiles(Promise.resolve([...files]).then(filesOfInput));
        }}
      />
      <label htmlFor={`${id}-${folder ? 'folder' : 'files'}`}>{text}</label>
    </span>
  );
  return (
    <section className="panel own-files" aria-labelledby={`${id}-title`}>
      <header className="panel-head">
        <h2 id={`${id}-title`}>Your own files</h2>
        <Info label="What can be dropped">
          <p>
            A folder in the Hugging Face layout (config.json, model.safetensors, tokenizer.json), a GGUF file,
            or dictionaries (SAELens, sparsify, Gemma Scope and others). Nothing is uploaded: they are read in
            this page.
          </p>
          <p>
            PyTorch files (.pt, .pth, .bin) can run code when they are read, so they are not; dropping one
            shows the line that converts it.
          </p>
        </Info>
      </header>
      <p className="quiet-text">Drop a folder or files anywhere here, or choose them:</p>
      <p className="row">
        {input(true, 'Choose a folder')}
        {input(false, 'Choose files')}
      </p>
      <label className="tick-box small">
        <input type="checkbox" checked={keep} onChange={(event) => onKeep(event.target.checked)} /> Keep a
        copy in this browser, so that links to them open here without choosing them again
      </label>
      <JobProgress id={IMPORT} />
    </section>
  );
}
