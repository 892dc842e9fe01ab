import { useEffect, useState } from 'react';
import { filesOfDrop, filesOfInput } from '../../library/drop.ts';
import { FacetError } from '../../shared/errors.ts';
import { IMPORT, useLibrary } from '../../state/library.ts';
import { neededFiles, obtain } from '../../state/obtain.ts';
import { loadCatalogues, type PublishedModel } from '../../state/published.ts';
import { parseReference, partOf } from '../../state/reference.ts';
import { usePage } from '../../state/store.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { hostOf } from './Dictionaries.tsx';
import { JobProgress } from './JobProgress.tsx';
import './models.css';
import { Facts } from './Section.tsx';
import { Trouble } from '../shared/Trouble.tsx';

type Wanted = ReturnType<typeof usePage.getState>['wanted'][number];

/** Stands where the view would, while a link names files that are not on this device. Asks nobody by itself. */
export default function ConsentPage() {
  const wanted = usePage((state) => state.wanted);
  const leave = usePage((state) => state.leaveLink);
  const goTo = usePage((state) => state.goTo);
  const retry = usePage((state) => state.retry);
  const refresh = useLibrary((state) => state.refresh);
  const endpoint = useLibrary((state) => state.hub?.endpoint);
  const [published, setPublished] = useState<readonly PublishedModel[]>([]);
  const [busy, setBusy] = useState(false);
  const reading = useLibrary((state) => state.jobs[IMPORT]?.state === 'running');
  useEffect(() => {
    void refresh();
    // Sizes that are known beforehand; the page works without.
    loadCatalogues().then(
      (found) => setPublished(found.published),
      () => {},
    );
  }, [refresh]);
  const hub = wanted.filter(({ reference }) => parseReference(reference)?.kind === 'hub');
  const local = wanted.filter(({ reference }) => parseReference(reference)?.kind === 'local');
  const host = hostOf(endpoint ?? '');

  const getAll = async (): Promise<void> => {
    setBusy(true);
    for (const each of hub) {
      if (!(await obtain(each))) return setBusy(false);
    }
    setBusy(false);
    if (local.length === 0) await retry();
  };

  return (
    <div className="status-page consent" aria-busy={busy || reading}>
      <h1>
        This link opens {hub.length > 0 ? 'files that are not on this device yet' : 'somebody’s own files'}
      </h1>
      {hub.length > 0 && (
        <p>
          Nothing has been asked of any other site so far. Your text stays in this page; {host} learns only
          which files you download.
        </p>
      )}
      {hub.map((each) => (
        <FromHub key={each.reference} wanted={each} host={host} published={published} />
      ))}
      {local.map((each) => (
        <FromVisitor key={each.reference} wanted={each} />
      ))}
      <p className="row">
        {hub.length > 0 && (
          <button
            type="button"
            className="primary"
            disabled={busy || !endpoint}
            onClick={() => void getAll()}
          >
            {busy ? 'Downloading …' : 'Download and open'}
          </button>
        )}
        <button type="button" onClick={() => goTo('models')}>
          Cancel
        </button>
        <button type="button" onClick={() => void leave('default')}>
          Open the usual view
        </button>
      </p>
    </div>
  );
}

function FromHub({
  wanted: { role, reference },
  host,
  published,
}: {
  wanted: Wanted;
  host: string;
  published: readonly PublishedModel[];
}) {
  const parsed = parseReference(reference);
  const set = parsed?.kind === 'hub' ? parsed.set : '';
  const look = useLibrary((state) => state.looks[set]);
  const looking = useLibrary((state) => state.looking[set]);
  const failure = useLibrary((state) => state.failures[set]);
  const lookAt = useLibrary((state) => state.look);
  if (parsed?.kind !== 'hub') return null;
  const { repo, revision, path } = parsed;
  const needed = look && neededFiles(look, role, path);
  const about = knownBytes(published, role, repo);
  return (
    <section className="panel" aria-label={`${role} ${repo}`}>
      <Facts
        facts={[
          { name: role === 'model' ? 'Model' : 'Dictionary', value: <strong>{repo}</strong> },
          { name: path.endsWith('.gguf') ? 'File' : 'Folder', value: path },
          { name: 'Revision', value: <code>{revision.slice(0, 12)}</code> },
          { name: 'From', value: host },
          {
            name: 'To download',
            value: needed
              ? `${formatBytes(needed.missingBytes)} in ${countOfFiles(needed.missing.length)}`
              : about === undefined
                ? 'not known before a look'
                : `about ${formatBytes(about)}`,
          },
          { name: 'Licence', value: look?.set.license },
        ]}
      />
      {needed && needed.missing.length > 0 && <p className="small">{needed.missing.join(', ')}</p>}
      {!look && (
        <button type="button" disabled={looking} onClick={() => void lookAt(set, repo, revision)}>
          {looking ? `Asking ${host} …` : 'Look at the files first'}
        </button>
      )}
      <Trouble error={failure} />
      <JobProgress id={set} />
    </section>
  );
}

const countOfFiles = (count: number): string => `${formatCount(count)} ${count === 1 ? 'file' : 'files'}`;

/** What the list of published models says of the size. */
function knownBytes(
  published: readonly PublishedModel[],
  role: Wanted['role'],
  repo: string,
): number | undefined {
  if (role === 'model') return published.find((model) => model.repo === repo)?.bytes;
  return published.flatMap(({ sets }) => sets).find((set) => set.repo === repo)?.bytes;
}

/** Asks for the files of a `local:` link and compares them with what the link says. */
function FromVisitor({ wanted: { role, reference } }: { wanted: Wanted }) {
  const importFiles = useLibrary((state) => state.importFiles);
  const retry = usePage((state) => state.retry);
  const open = usePage((state) => state.open);
  const view = usePage((state) => state.view);
  const [problem, setProblem] = useState<FacetError>();
  const [other, setOther] = useState<string>();
  const [keep, setKeep] = useState(false);
  const parsed = parseReference(reference);
  if (parsed?.kind !== 'local') return null;

  const take = async (given: Promise<readonly { path: string; file: File }[]>): Promise<void> => {
    setProblem(undefined);
    setOther(undefined);
    try {
      const id = await importFiles(await given, keep);
      if (id === parsed.set) await retry();
      else setOther(id);
    } catch (thrown) {
      setProblem(FacetError.from(thrown));
    }
  };
  const input = (folder: boolean) => (
    <span className="file-button">
      <input
        id={`${role}-${folder}`}
        type="file"
        multiple
        {...(folder ? { webkitdirectory: '' } : {})}
        onChange={(event) => {
          const { files } = event.target;
          if (files && files.length > 0) void take(Promise.resolve([...files]).then(filesOfInput));
        }}
      />
      <label htmlFor={`${role}-${folder}`}>{folder ? 'Choose a folder' : 'Choose files'}</label>
    </span>
  );
  return (
    // Dropping has its keyboard way in the two buttons.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      className="panel"
      aria-label={`${role} from your files`}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void take(filesOfDrop(event.dataTransfer));
      }}
    >
      <p>
        The {role} is a set of files that whoever made this link had on their own computer. If you have them,
        drop them here or choose them; they are compared with the link by a digest of their content (
        <code>{parsed.digest}</code>).
      </p>
      <p className="row">
        {input(true)}
        {input(false)}
      </p>
      <label className="tick-box small">
        <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.target.checked)} /> Keep a
        copy in this browser, so that the link opens here without choosing them again
      </label>
      <JobProgress id={IMPORT} />
      <Trouble error={problem} />
      {other !== undefined && (
        <div role="alert">
          <p className="note">
            These are other files than the link means: their digest is{' '}
            <code>{other.replace('local:', '')}</code>. The numbers will not be those of the link.
          </p>
          <button type="button" onClick={() => void open({ ...view, [role]: partOf(other, parsed.path) })}>
            Open them as what they are
          </button>
        </div>
      )}
    </section>
  );
}
