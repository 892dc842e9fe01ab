import { useEffect } from 'react';
import type { FeatureLabel } from '../../../engine/protocol.ts';
import { usePage } from '../../../state/store.ts';

const waiting = new Set<number>();
/** The engine takes so many at once. */
const MOST = 256;

function ask(): void {
  const all = [...waiting].slice(-MOST);
  waiting.clear();
  void usePage.getState().wantLabels(all);
}

/** The label of a feature, asked for with all others that are wanted at the same moment. */
export function useWantedLabel(feature: number | undefined): FeatureLabel | undefined {
  const label = usePage((state) => (feature === undefined ? undefined : state.labels[feature]));
  const digest = usePage(({ opened }) => opened?.dictionary?.digest);
  useEffect(() => {
    if (feature === undefined || label || digest === undefined) return;
    if (waiting.size === 0) setTimeout(ask);
    waiting.add(feature);
  }, [feature, label, digest]);
  return label;
}
