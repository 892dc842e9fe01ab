import type { ReactNode } from 'react';
import { labelOf, useNotes } from '../../state/notes.ts';
import { steerFeatures } from '../../state/recipe-edits.ts';
import { usePage } from '../../state/store.ts';
import { LabelText } from '../shared/LabelText.tsx';
import type { SortedColumn } from '../shared/SortedRows.tsx';

/** Opens the page of a feature. */
export function FeatureLink({ feature }: { feature: number }) {
  const openFeature = usePage((state) => state.openFeature);
  return (
    <button
      type="button"
      className="feature-number"
      data-feature={feature}
      onClick={() => openFeature(feature)}
    >
      <span className="visually-hidden">Open feature </span>#{feature}
    </button>
  );
}

/** What a feature is called, fires on and promotes, as far as that is known. */
export function FeatureWordsText({ feature }: { feature: number }) {
  const label = usePage((state) => state.labels[feature]);
  const topToken = usePage((state) => state.statistics?.topTokens[feature]);
  const own = useNotes(labelOf(feature));
  return (
    <span className="feature-words">
      {own && <strong>{own} </strong>}
      <LabelText label={label} topToken={topToken} />
    </span>
  );
}

export function FeatureTools({ feature }: { feature: number }) {
  const pinned = usePage((state) => state.view.pins.includes(feature));
  const togglePin = usePage((state) => state.togglePin);
  return (
    <span className="feature-tools">
      <button
        type="button"
        className="quiet"
        tabIndex={-1}
        title="Steer with it (S)"
        aria-label={`Steer with feature ${feature}`}
        onClick={() => steerFeatures([feature])}
      >
        Steer
      </button>
      <button
        type="button"
        className="quiet"
        tabIndex={-1}
        title="Pin (P)"
        aria-label={`Pin feature ${feature}`}
        aria-pressed={pinned}
        onClick={() => togglePin(feature)}
      >
        {pinned ? '★' : '☆'}
      </button>
    </span>
  );
}

/** A number with its bar behind it. @param share of the widest, 0 … 1 */
export function BarCell({ share, colour, children }: { share: number; colour: string; children: ReactNode }) {
  const width = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
  return (
    <span className="bar-cell">
      <span className="number">{children}</span>
      <span className="bar-cell-track" aria-hidden="true">
        <span style={{ width: `${(100 * width).toFixed(1)}%`, backgroundColor: colour }} />
      </span>
    </span>
  );
}

/** What every list of features has: P pins, S steers. */
export const featureKeys = ({ feature }: { feature: number }): Record<string, () => void> => {
  const pin = (): void => usePage.getState().togglePin(feature);
  const steer = (): void => steerFeatures([feature]);
  return { p: pin, P: pin, s: steer, S: steer };
};

/** Asks for the promoted tokens of features that are drawn. */
export const labelSeen = (rows: readonly { feature: number }[]): void => {
  if (rows.length > 0) void usePage.getState().wantLabels(rows.map(({ feature }) => feature));
};

type Column = SortedColumn<{ feature: number }>;

export const numberColumn: Column = {
  id: 'feature',
  title: 'Feature',
  value: ({ feature }) => feature,
  rising: true,
  width: '4.6rem',
  show: ({ feature }) => <FeatureLink feature={feature} />,
};
export const wordsColumn: Column = {
  id: 'words',
  title: 'Fires on → promotes',
  value: ({ feature }) => usePage.getState().statistics?.topTokens[feature] ?? '',
  rising: true,
  width: 'minmax(11rem, 3fr)',
  show: ({ feature }) => <FeatureWordsText feature={feature} />,
};
export const toolsColumn: Column = {
  id: 'tools',
  title: 'Pinned',
  value: ({ feature }) => Number(usePage.getState().view.pins.includes(feature)),
  width: '5.6rem',
  show: ({ feature }) => <FeatureTools feature={feature} />,
};
