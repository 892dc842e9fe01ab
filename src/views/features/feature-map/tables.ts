import type { FeatureMap } from '../../../state/feature-map.ts';
import type { TableData } from '../../shared/download.ts';
import { type Counted, valuesBy } from './colours.ts';

const numberOrNone = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** Where features lie and what colours them. @param places default all */
export function mapTable(
  map: FeatureMap,
  statistics: (Counted & { topTokens: string[] }) | undefined,
  places: readonly number[] = Array.from(map.features.keys()),
): TableData {
  const [mean, max] = (['mean', 'max'] as const).map((colour) => statistics && valuesBy(colour, statistics));
  const { features, positions, indices, cosines, k } = map;
  return {
    columns: [
      'feature',
      'x',
      'y',
      'share of tokens',
      'mean activation where it fires',
      'largest activation',
      'top token',
      'nearest feature',
      'cosine',
    ],
    rows: places.map((place) => {
      const feature = features[place]!;
      return [
        feature,
        positions[2 * place]!,
        positions[2 * place + 1]!,
        statistics ? statistics.count[feature]! / statistics.tokens : null,
        numberOrNone(mean?.[feature]),
        numberOrNone(max?.[feature]),
        statistics?.topTokens[feature] ?? null,
        k > 0 ? features[indices[place * k]!]! : null,
        k > 0 ? cosines[place * k]! : null,
      ];
    }),
  };
}
