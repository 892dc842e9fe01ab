import { useEffect, useMemo, useState } from 'react';
import { type Candidate, candidates } from '../../state/candidates.ts';
import type { ModelEntry } from '../../state/entries.ts';
import { type Look, useLibrary } from '../../state/library.ts';
import { neededFiles, obtain } from '../../state/obtain.ts';
import { runningEngine } from '../../state/engine.ts';
import { isCatalogued } from '../../state/opening.ts';
import { NO_DICTIONARY, parseReference, partOf } from '../../state/reference.ts';
import { usePage } from '../../state/store.ts';
import type { ViewState } from '../../state/view-state.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { Architecture } from './Architecture.tsx';
import { Dictionaries, hostOf, Outside } from './Dictionaries.tsx';
import { JobProgress } from './JobProgress.tsx';
import { Facts } from './Section.tsx';
import { Trouble, Words } from '../shared/Trouble.tsx';
import { Weights } from './Weights.tsx';

interface ModelPageProps {
  entry: ModelEntry;
  /** Which of its sets, and which weights file in it, the link names; absent while no revision is known. */
  reference: string | undefined;
  /** Sets that were looked into, or dropped, for their dictionaries. */
  found: readonly string[];
  /** Ids of sets on this device whose dictionaries may be for it, with spaces between: no id has one. */
  nearby: string;
  onFound: (id: string) => void;
}

/** Everything known of one model, and the way to open it. */
export function ModelPage({ entry, reference, found, nearby, onFound }: ModelPageProps) {
  const parsed = reference === undefined ? undefined : parseReference(reference);
  const set = parsed && parsed.kind !== 'catalogue' ? parsed.set : undefined;
  const path = parsed && parsed.kind !== 'catalogue' ? parsed.path : '';
  const looks = useLibrary((state) => state.looks);
  const lookInto = useLibrary((state) => state.lookInto);
  const lookAtSite = useLibrary((state) => state.lookAtSite);
  const { site } = entry;
  const own = looks[site ? entry.key : set === undefined ? '' : partOf(set, path)];
  const [key, setKey] = useState<string>();
  const [storage, setStorage] = useState<ViewState['storage']>();

  // What is on this device is looked into at once; that asks nobody.
  useEffect(() => {
    if (own) return;
    if (reference !== undefined && set !== undefined) void lookInto(reference);
    // The bundled model is worth a look by itself only where the engine runs anyway.
    else if (site && runningEngine()) void lookAtSite(site);
  }, [reference, set, own, lookInto, site, lookAtSite]);

  useEffect(() => {
    for (const id of nearby.split(' ')) {
      if (id !== '' && !useLibrary.getState().looks[id]) void lookInto(id);
    }
  }, [nearby, lookInto]);

  const all = useMemo(() => {
    const repositories = new Set(entry.sets.map(({ repo }) => repo));
    const others = Object.values(looks).filter(
      (look) =>
        found.includes(look.set.id) ||
        nearby.split(' ').includes(look.set.id) ||
        [...repositories].some(
          (repo) => look.set.id.startsWith(`hf:${repo}@`) && !look.set.id.includes(':', 3),
        ),
    );
    const whole = set === undefined ? undefined : looks[set];
    const elsewhere = candidates({
      sets: entry.sets,
      looks: [...new Set([...(whole ? [whole] : []), ...others])],
      model: own?.inspection.model,
      title: entry.repo ?? entry.key,
    });
    return entry.site ? [...siteCandidates(entry.site), ...elsewhere] : elsewhere;
  }, [entry, looks, found, nearby, set, own]);
  // The first of the bundled ones is what most will want; elsewhere nothing is chosen for the visitor.
  const chosen = all.find((candidate) => candidate.key === key) ?? (site && all[0]);

  return (
    <article className="model-page" aria-label={entry.title}>
      <Head entry={entry} look={own} />
      <Opening
        entry={entry}
        reference={reference}
        look={own}
        chosen={chosen}
        storage={storage}
        others={[...new Set(all.map((candidate) => setOf(candidate)).filter((id) => id !== undefined))]}
      />
      {own && <Weights look={own} whole={looks[set ?? ''] ?? own} storage={storage} onStorage={setStorage} />}
      <Dictionaries all={all} chosen={chosen} onChoose={setKey} onFound={onFound} />
      {own && <Architecture look={own} />}
    </article>
  );
}

/** The set a candidate lies in, as jobs are keyed. */
const setOf = ({ reference }: Candidate): string | undefined => {
  const parsed = reference === undefined ? undefined : parseReference(reference);
  return parsed && parsed.kind !== 'catalogue' ? parsed.set : undefined;
};

function siteCandidates({ dictionaries }: NonNullable<ModelEntry['site']>): Candidate[] {
  return dictionaries.map(({ id, title, hook, dSae, files }) => ({
    key: id,
    reference: id,
    title,
    path: '',
    hook,
    dSae,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
}

function Head({ entry, look }: { entry: ModelEntry; look: Look | undefined }) {
  const { title, repo, mirror, note, family, parameters, bytes, license } = entry;
  const endpoint = useLibrary((state) => state.hub?.endpoint ?? 'https://huggingface.co');
  const goTo = usePage((state) => state.goTo);
  const gated = look?.gated ?? entry.gated;
  return (
    <header className="model-head">
      <h2>{title}</h2>
      {repo !== undefined && (
        <p className="small">
          <Outside href={`${endpoint}/${repo}`}>
            {repo} on {hostOf(endpoint)}
          </Outside>
        </p>
      )}
      {gated && (
        <p className="note small">
          Gated: accept its licence on the hub and give an access token below
          {mirror !== undefined && (
            <>
              {', or take the open copy '}
              <button type="button" className="link" onClick={() => goTo('models', { look: mirror })}>
                {mirror}
              </button>
            </>
          )}
          .
        </p>
      )}
      {note !== undefined && <p className="note small">{note}</p>}
      {!look && (
        <Facts
          facts={[
            { name: 'Family', value: family },
            { name: 'Parameters', value: parameters && formatCount(parameters) },
            { name: 'Size', value: bytes && `about ${formatBytes(bytes)}` },
            { name: 'Licence', value: license },
          ]}
        />
      )}
    </header>
  );
}

interface OpeningProps {
  entry: ModelEntry;
  reference: string | undefined;
  look: Look | undefined;
  chosen: Candidate | undefined;
  storage: ViewState['storage'];
  /** Sets of its dictionaries, whose downloads are shown here. */
  others: readonly string[];
}

/** The buttons: each says what it will ask for and how much it will download before anything is. */
function Opening({ entry, reference, look, chosen, storage, others }: OpeningProps) {
  const open = usePage((state) => state.open);
  const goTo = usePage((state) => state.goTo);
  const endpoint = useLibrary((state) => state.hub?.endpoint ?? '');
  const looks = useLibrary((state) => state.looks);
  const lookAt = useLibrary((state) => state.look);
  const lookAtSite = useLibrary((state) => state.lookAtSite);
  const looking = useLibrary((state) => state.looking);
  const failures = useLibrary((state) => state.failures);
  const download = useLibrary((state) => state.download);
  const jobs = useLibrary((state) => state.jobs);
  const parsed = reference === undefined ? undefined : parseReference(reference);
  const set = parsed && parsed.kind !== 'catalogue' ? parsed.set : undefined;
  const path = parsed && parsed.kind !== 'catalogue' ? parsed.path : '';
  const busy = [set, ...others].some((id) => id !== undefined && jobs[id]?.state === 'running');
  const working = Object.values(looking).some(Boolean);
  const host = hostOf(endpoint);
  const refusal = look?.inspection.model?.refusal;

  const model = look && !entry.site ? neededFiles(look, 'model', path) : undefined;
  const { site } = entry;
  const dictionarySet = chosen && setOf(chosen);
  const dictionaryLook = dictionarySet === undefined ? undefined : looks[dictionarySet];
  const dictionary = chosen && dictionaryLook && neededFiles(dictionaryLook, 'dictionary', chosen.path);
  // Its files are known, or the engine finds them by name.
  const known =
    dictionary !== undefined || (chosen?.reference !== undefined && isCatalogued(chosen.reference));
  const missing = (model?.missingBytes ?? 0) + (dictionary?.missingBytes ?? 0);

  const askModel = async (): Promise<void> => {
    const asked = entry.key;
    const id = await lookAt(asked, entry.repo!, parsed?.kind === 'hub' ? parsed.revision : entry.revision);
    if (id !== undefined) goTo('models', { look: partOf(id, path) });
  };
  const getAndOpen = async (dictionaryReference: string | undefined): Promise<void> => {
    if (reference === undefined) return;
    const wanted = [{ role: 'model' as const, reference }];
    const all = dictionaryReference
      ? [...wanted, { role: 'dictionary' as const, reference: dictionaryReference }]
      : wanted;
    for (const each of all) {
      if (parseReference(each.reference)?.kind === 'hub' && !(await obtain(each))) return;
    }
    await open({
      model: reference,
      dictionary: dictionaryReference ?? (entry.site ? NO_DICTIONARY : ''),
      storage,
    });
  };
  const verb = missing > 0 ? `Download ${formatBytes(missing)} and open` : 'Open';

  const failure =
    failures[entry.key] ??
    failures[set ?? ''] ??
    failures[chosen?.key ?? ''] ??
    failures[dictionarySet ?? ''];
  return (
    <div className="opening" role="group" aria-label="Open this model">
      <Trouble error={failure} />
      {refusal && <Trouble error={refusal} />}
      {look?.inspection.notes.map((note) => (
        <p key={note} className="note small">
          <Words text={note} />
        </p>
      ))}
      <p className="row">
        {site && !look && (
          <button type="button" disabled={working} onClick={() => void lookAtSite(site)}>
            {working ? 'Looking …' : 'Look into it'}
          </button>
        )}
        {entry.repo !== undefined && !look && (
          <button type="button" className="primary" disabled={working} onClick={() => void askModel()}>
            {looking[entry.key] ? `Asking ${host} …` : `Look at ${entry.repo} on ${host}`}
          </button>
        )}
        {chosen && chosen.problem === undefined && chosen.repo !== undefined && !dictionaryLook && (
          <button
            type="button"
            className={look ? 'primary' : ''}
            disabled={working}
            onClick={() => void lookAt(chosen.key, chosen.repo!, chosen.revision)}
          >
            {looking[chosen.key] ? `Asking ${host} …` : `Look at ${chosen.repo} on ${host}`}
          </button>
        )}
        {(entry.site || (model && !refusal)) && (
          <>
            {chosen && (
              <button
                type="button"
                className="primary"
                disabled={busy || chosen.problem !== undefined || !known}
                onClick={() => void getAndOpen(chosen.reference)}
              >
                {verb} with this dictionary
              </button>
            )}
            <button
              type="button"
              className={chosen ? '' : 'primary'}
              disabled={busy}
              onClick={() => void getAndOpen(undefined)}
            >
              {model && model.missingBytes > 0
                ? `Download ${formatBytes(model.missingBytes)} and open`
                : 'Open'}{' '}
              without a dictionary
            </button>
          </>
        )}
        {set !== undefined && missing > 0 && !refusal && (
          <button
            type="button"
            disabled={busy}
            onClick={() => {
              if (model && model.missing.length > 0) void download(set, model.missing);
              if (dictionary && dictionary.missing.length > 0)
                void download(dictionarySet!, dictionary.missing);
            }}
          >
            Download only
          </button>
        )}
      </p>
      {!look && entry.repo !== undefined && (
        <p className="small">
          A look asks {host} for the list of files and reads the small configurations. Nothing else is fetched
          before you choose.
        </p>
      )}
      {[...new Set([set, ...others])].map((id) => id !== undefined && <JobProgress key={id} id={id} />)}
    </div>
  );
}
