import { useEffect } from 'react';
import { usePage } from '../../state/store.ts';

/** Asks for the words of features of the current dictionary, anew when that is another. @param features joined by commas */
export function useLabels(features: string): void {
  const digest = usePage(({ opened }) => opened?.dictionary?.digest);
  const wantLabels = usePage((state) => state.wantLabels);
  useEffect(() => {
    if (digest !== undefined && features !== '') void wantLabels(features.split(',').map(Number));
  }, [features, digest, wantLabels]);
}
