import type { ModelEntry } from '../../state/entries.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { VirtualRows } from '../shared/VirtualRows.tsx';

interface EntryListProps {
  entries: readonly ModelEntry[];
  chosen: string | undefined;
  onChoose: (key: string) => void;
}

export function EntryList({ entries, chosen, onChoose }: EntryListProps) {
  return (
    <VirtualRows label="Models" count={entries.length} rowHeight={56} keyOf={(index) => entries[index]!.key}>
      {(index) => {
        const entry = entries[index]!;
        const { key, title, repo, parameters, bytes, dictionaries, stored, gated, site } = entry;
        const about = [
          repo ?? (site ? 'of this site' : 'own files'),
          parameters !== undefined && `${formatCount(parameters / 1e6)} M parameters`,
          bytes !== undefined && formatBytes(bytes),
          dictionaries > 0 && `${formatCount(dictionaries)} dictionaries`,
        ];
        return (
          <button
            type="button"
            className={`pick${key === chosen ? ' is-chosen' : ''}`}
            aria-pressed={key === chosen}
            onClick={() => onChoose(key)}
          >
            <span className="pick-name">{title}</span>
            <span className="pick-marks">
              {stored && <span className="badge">{site ? 'comes with the page' : 'on this device'}</span>}
              {gated && <span className="badge badge-warning">gated</span>}
            </span>
            <span className="pick-about small">{about.filter(Boolean).join(' · ')}</span>
          </button>
        );
      }}
    </VirtualRows>
  );
}
