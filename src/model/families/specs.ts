import type { WeightSpec } from './family.ts';

type Options = Partial<Pick<WeightSpec, 'layout' | 'interleaved' | 'plus' | 'optional' | 'twin'>>;

/** Makes specs for a family whose tensors may carry any of some prefixes. */
export function specsUnder(prefixes: readonly string[]) {
  const names = (stem: string): string[] => prefixes.map((prefix) => prefix + stem);
  return {
    vector: (name: string, stem: string, length: number, options: Options = {}): WeightSpec => {
      const shape = [length];
      return {
        name,
        sources: [{ names: names(stem), shape }],
        shape,
        kind: 'vector',
        layout: 'nk',
        ...options,
      };
    },
    matrix: (name: string, stem: string, shape: [number, number], options: Options = {}): WeightSpec => {
      return {
        name,
        sources: [{ names: names(stem), shape }],
        shape,
        kind: 'matrix',
        layout: 'nk',
        ...options,
      };
    },
    /** Several tensors as one, their rows one after another. @param stems with the number of rows each */
    joined: (name: string, stems: readonly (readonly [string, number])[], columns?: number): WeightSpec => {
      const shape = (rows: number): number[] => (columns === undefined ? [rows] : [rows, columns]);
      return {
        name,
        sources: stems.map(([stem, rows]) => ({ names: names(stem), shape: shape(rows) })),
        shape: shape(stems.reduce((sum, [, rows]) => sum + rows, 0)),
        kind: columns === undefined ? 'vector' : 'matrix',
        layout: 'nk',
      };
    },
  };
}
