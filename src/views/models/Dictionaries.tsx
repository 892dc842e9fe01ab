import { type FormEvent, useId, useState } from 'react';
import { type Candidate, filterCandidates } from '../../state/candidates.ts';
import { parseRepositoryInput } from '../../state/entries.ts';
import { useLibrary } from '../../state/library.ts';
import { formatBytes, formatCount, formatFixed, formatPercent } from '../shared/format.ts';
import { VirtualRows } from '../shared/VirtualRows.tsx';
import { Facts, Section } from './Section.tsx';
import { Trouble, Words } from '../shared/Trouble.tsx';

const ROW_HEIGHT = 52;

interface DictionariesProps {
  all: readonly Candidate[];
  chosen: Candidate | undefined;
  onChoose: (key: string) => void;
  /** A repository was looked into for more of them. */
  onFound: (id: string) => void;
}

/** Dictionaries one could open the model with, and why some do not fit. */
export function Dictionaries({ all, chosen, onChoose, onFound }: DictionariesProps) {
  const id = useId();
  const [search, setSearch] = useState('');
  const shown = filterCandidates(all, search);
  return (
    <Section
      title="Dictionaries"
      about={
        <>
          <p>
            Sparse dictionaries (SAEs, transcoders) by the hook they read: a TransformerLens name such as
            blocks.3.hook_resid_pre, the residual stream before layer 3. d_sae is their number of features.
          </p>
          <p>
            L0 and explained variance are as published: mean number of active features a token, and 1 − Σ‖x −
            x̂‖² / Σ‖x − mean x‖². Below 0 the mean alone would do better. What holds for your text is measured
            when it is read.
          </p>
        </>
      }
    >
      {all.length > 8 && (
        <>
          <label htmlFor={id} className="visually-hidden">
            Search the dictionaries
          </label>
          <input
            id={id}
            type="search"
            value={search}
            placeholder="hook, layer, width, author …"
            onChange={(event) => setSearch(event.target.value)}
          />
        </>
      )}
      <p className="small" role="status">
        {all.length === 0
          ? 'None is known for this model.'
          : `${formatCount(shown.length)} of ${formatCount(all.length)}`}
      </p>
      {shown.length > 0 && (
        <VirtualRows
          label="Dictionaries"
          count={shown.length}
          rowHeight={ROW_HEIGHT}
          keyOf={(index) => shown[index]!.key}
        >
          {(index) => <Row candidate={shown[index]!} chosen={shown[index] === chosen} onChoose={onChoose} />}
        </VirtualRows>
      )}
      {chosen && <Chosen candidate={chosen} />}
      <OtherRepository onFound={onFound} />
    </Section>
  );
}

function Row({
  candidate,
  chosen,
  onChoose,
}: {
  candidate: Candidate;
  chosen: boolean;
  onChoose: (key: string) => void;
}) {
  const { key, title, hook, path, architecture, dSae, bytes, here, published, problem } = candidate;
  return (
    <button
      type="button"
      className={`pick${chosen ? ' is-chosen' : ''}`}
      aria-pressed={chosen}
      onClick={() => onChoose(key)}
    >
      <span className="pick-name">{hook ?? (path || title)}</span>
      <span className="pick-marks">
        {here && <span className="badge">here</span>}
        {problem !== undefined && <span className="badge badge-warning">does not fit</span>}
      </span>
      <span className="pick-size number">{bytes ? formatBytes(bytes) : ''}</span>
      <span className="pick-about small">
        {[
          title,
          architecture,
          dSae !== undefined && `d_sae ${formatCount(dSae)}`,
          published?.l0 !== undefined && `L0 ${formatFixed(published.l0, 0)}`,
          published?.explainedVariance !== undefined &&
            `expl. var. ${formatPercent(published.explainedVariance)}`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </button>
  );
}

function Chosen({ candidate }: { candidate: Candidate }) {
  const { title, repo, path, hook, hookOut, architecture, dSae, bytes, published, set, problem, note } =
    candidate;
  return (
    <div className="chosen" role="group" aria-label="The chosen dictionary">
      {problem !== undefined && (
        <p className="note" role="status">
          It cannot be opened with this model. <Words text={problem} />
        </p>
      )}
      <Facts
        facts={[
          { name: 'Set', value: title },
          { name: 'Reads', value: hook },
          { name: 'Writes', value: hookOut === hook ? undefined : hookOut },
          {
            name: 'Architecture',
            value: architecture && (set?.k ? `${architecture}, k = ${set.k}` : architecture),
          },
          { name: 'Features (d_sae)', value: dSae && formatCount(dSae) },
          { name: 'Size', value: bytes ? formatBytes(bytes) : 'known after a look' },
          { name: 'Format', value: set?.format },
          { name: 'By', value: set?.author && `${set.author}${set.year ? `, ${set.year}` : ''}` },
          {
            name: 'Paper',
            value: set?.arxiv && (
              <Outside href={`https://arxiv.org/abs/${set.arxiv}`}>arXiv:{set.arxiv}</Outside>
            ),
          },
          {
            name: 'About',
            value: set?.about && <Outside href={set.about}>{new URL(set.about).host}</Outside>,
          },
          {
            name: 'Feature pages',
            value: published?.neuronpedia && (
              <Outside href={`https://www.neuronpedia.org/${published.neuronpedia}`}>Neuronpedia</Outside>
            ),
          },
          { name: 'Repository', value: repo },
          { name: 'Folder', value: path },
        ]}
      />
      {[set?.note, note]
        .filter((text) => text !== undefined)
        .map((text) => (
          <p key={text} className="note small">
            {text}
          </p>
        ))}
      {published?.explainedVariance !== undefined && published.explainedVariance < 0.5 && (
        <p className="note small">
          As published it explains {formatPercent(published.explainedVariance)} of the variance: read its
          features with care.
        </p>
      )}
    </div>
  );
}

/** A link that leaves the page; the browser asks for it, never this page. */
export function Outside({ href, children }: { href: string; children: React.ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

/** More dictionaries, from a repository the visitor names. */
function OtherRepository({ onFound }: { onFound: (id: string) => void }) {
  const id = useId();
  const look = useLibrary((state) => state.look);
  const endpoint = useLibrary((state) => state.hub?.endpoint ?? '');
  const looking = useLibrary((state) => state.looking[id]);
  const failure = useLibrary((state) => state.failures[id]);
  const [text, setText] = useState('');
  const input = parseRepositoryInput(text, endpoint);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!input) return;
    const found = await look(id, input.repo, input.revision);
    if (found !== undefined) onFound(found);
  };
  return (
    <>
      <form className="row" onSubmit={(event) => void submit(event)}>
        <label htmlFor={id} className="small">
          Dictionaries of another repository
        </label>
        <input
          id={id}
          type="text"
          value={text}
          placeholder="owner/name"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" disabled={!input || looking}>
          {looking ? 'Looking …' : `Look on ${hostOf(endpoint)}`}
        </button>
      </form>
      <Trouble error={failure} />
    </>
  );
}

export const hostOf = (endpoint: string): string =>
  URL.canParse(endpoint) ? new URL(endpoint).host : 'the hub';
