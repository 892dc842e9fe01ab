import { useEffect, useState } from 'react';
import type { CorpusManifest } from '../../corpus/protocol.ts';
import { useCorpora } from '../../state/corpora.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { Section } from '../models/Section.tsx';
import { formatBytes, formatCount } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { VirtualRows } from '../shared/VirtualRows.tsx';
import './corpora.css';
import { CorpusDetails } from './CorpusDetails.tsx';

/** Samples of the synthetic language that are always offered, by how many texts they have. */
const SAMPLES = [300, 2_000, 20_000];
const ROW_HEIGHT = 52;
/** Rows that are seen without scrolling. */
const ROWS_SEEN = 6;

/** Texts that can be read: what is kept of the visitor's own, and generated ones. */
export interface Listed {
  /** As links have it. */
  id: string;
  name: string;
  items: number;
  manifest?: CorpusManifest;
}

export function Corpora() {
  const kept = useCorpora((state) => state.kept);
  const failure = useCorpora((state) => state.listFailure);
  const refresh = useCorpora((state) => state.refresh);
  const over = usePage((state) => state.view.over);
  const corpus = useScans((state) => state.corpus);
  const [chosen, setChosen] = useState<string>();
  useEffect(() => void refresh(), [refresh]);
  const shown =
    over !== '' ? over : corpus?.kind === 'storyworld' ? `storyworld-${corpus.seed}-${corpus.items}` : '';
  const rows = listed(kept ?? [], shown);
  const open = rows.find(({ id }) => id === chosen);
  return (
    <Section
      title="Texts"
      about={
        <p>
          What can be read through model and dictionary: your own texts, kept in this browser, and texts of
          Storyworld, a synthetic language whose every word is labelled, made anew from its seed when they are
          read. The hash is the beginning of a SHA-256 of texts and metadata: the same texts, the same hash.
        </p>
      }
    >
      <Trouble error={failure} />
      <div style={{ height: Math.min(ROWS_SEEN, rows.length) * ROW_HEIGHT + 2 }} className="corpora-rows">
        <VirtualRows
          label="Texts to read"
          count={rows.length}
          rowHeight={ROW_HEIGHT}
          keyOf={(i) => rows[i]!.id}
        >
          {(i) => {
            const row = rows[i]!;
            return (
              <button
                type="button"
                className={`corpus-row${row.id === chosen ? ' is-chosen' : ''}`}
                aria-expanded={row.id === chosen}
                onClick={() => setChosen(row.id === chosen ? undefined : row.id)}
              >
                <span className="corpus-name">{row.name}</span>
                {row.id === shown && <span className="badge">shown</span>}
                <span className="small corpus-about">
                  {formatCount(row.items)} {row.items === 1 ? 'text' : 'texts'}
                  {row.manifest &&
                    ` · ${formatBytes(row.manifest.textBytes)} · ${row.manifest.digest.slice(0, 8)}`}
                </span>
              </button>
            );
          }}
        </VirtualRows>
      </div>
      {open && <CorpusDetails key={open.id} corpus={open} isShown={open.id === shown} />}
      <Room />
    </Section>
  );
}

function listed(kept: readonly CorpusManifest[], shown: string): Listed[] {
  const own = kept.map((manifest) => ({
    id: `own-${manifest.digest}`,
    name: manifest.name,
    items: manifest.items,
    manifest,
  }));
  const samples = SAMPLES.map((items) => `storyworld-1-${items}`);
  // Others that were made stay as long as they are shown.
  if (shown.startsWith('storyworld-') && !samples.includes(shown)) samples.unshift(shown);
  const generated = samples.map((id) => {
    const [, seed, items] = id.split('-');
    return { id, name: `Storyworld, seed ${seed}`, items: Number(items) };
  });
  return [...own, ...generated];
}

function Room() {
  const storage = useCorpora((state) => state.storage);
  const some = useCorpora((state) => (state.kept?.length ?? 0) > 0);
  if (!storage || !some) return null;
  const { usedBytes, freeBytes, durable, persisted } = storage;
  return (
    <p className="small">
      {formatBytes(usedBytes)} kept{freeBytes > 0 && `, ${formatBytes(freeBytes)} free`}.{' '}
      {!durable && (
        <span className="note">
          This browser keeps nothing here (a private window?): they are gone with the page.
        </span>
      )}
      {durable && !persisted && 'The browser may clear them when the disk is full.'}
    </p>
  );
}
