import type { ScanDump } from '../engine/protocol.ts';

/** Columns of one length; `type` is what Parquet calls it. */
export type Column =
  | { name: string; type: 'INT32'; data: Int32Array }
  | { name: string; type: 'FLOAT'; data: Float32Array }
  | { name: string; type: 'DOUBLE'; data: Float64Array }
  | { name: string; type: 'STRING'; data: string[] };

export interface ScanTables {
  /** One row a feature. */
  latents: Column[];
  /**
   * One row a kept place: of the texts with the largest values (`stratum` −1, `rank` from 0), and of each bin of the
   * histogram (`stratum` its number).
   */
  examples: Column[];
  /** Where the numbers come from. */
  about: ScanAbout;
}

export interface ScanAbout {
  corpus: string;
  corpusId: string;
  model: string;
  modelDigest: string;
  dictionary: string;
  dictionaryDigest: string;
  items: number;
  totalItems: number;
  tokens: number;
  longItems: number;
  edges: number[];
}

const UNUSED = 0xffffffff;

/** @param labelOf what the visitor calls a feature; '' nothing */
export function scanTables(dump: ScanDump, labelOf: (feature: number) => string): ScanTables {
  const { corpus, model, modelDigest, dictionary, dictionaryDigest, items, tokens, longItems } = dump;
  const about = {
    corpus: corpus.name,
    corpusId: corpus.id,
    model,
    modelDigest,
    dictionary,
    dictionaryDigest,
    items,
    totalItems: corpus.items,
    tokens,
    longItems,
    edges: [...dump.edges],
  };
  return { latents: latents(dump, labelOf), examples: examples(dump), about };
}

function latents(
  { count, sum, max, tokens, topTokens }: ScanDump,
  labelOf: (feature: number) => string,
): Column[] {
  const features = count.length;
  return [
    { name: 'index', type: 'INT32', data: Int32Array.from({ length: features }, (_, f) => f) },
    { name: 'count', type: 'INT32', data: Int32Array.from(count) },
    {
      name: 'rate',
      type: 'DOUBLE',
      data: Float64Array.from(count, (fired) => (tokens > 0 ? fired / tokens : 0)),
    },
    {
      name: 'mean',
      type: 'DOUBLE',
      data: Float64Array.from(sum, (total, f) => (count[f]! > 0 ? total / count[f]! : 0)),
    },
    { name: 'max', type: 'FLOAT', data: Float32Array.from(max) },
    { name: 'top_token', type: 'STRING', data: Array.from(count, (_, f) => topTokens[f] ?? '') },
    { name: 'label', type: 'STRING', data: Array.from(count, (_, f) => labelOf(f)) },
  ];
}

function examples({ count, top, strata, bins }: ScanDump): Column[] {
  const features = count.length;
  // A slot stays in its place whether or not it is used, so its place says what it is of.
  const kept = [
    { places: top, perFeature: top.perFeature, stratumOf: () => -1, rankOf: (slot: number) => slot },
    {
      places: strata,
      perFeature: bins * strata.perStratum,
      stratumOf: (slot: number) => Math.floor(slot / strata.perStratum),
      rankOf: (slot: number) => slot % strata.perStratum,
    },
  ];
  const rows = kept.reduce(
    (sum, { places }) => sum + places.item.reduce((n, item) => n + Number(item !== UNUSED), 0),
    0,
  );
  const [feature, stratum, rank, item, token] = Array.from({ length: 5 }, () => new Int32Array(rows));
  const value = new Float32Array(rows);
  let row = 0;
  for (let f = 0; f < features; f++) {
    for (const { places, perFeature, stratumOf, rankOf } of kept) {
      for (let slot = 0; slot < perFeature; slot++) {
        const at = f * perFeature + slot;
        if (places.item[at] === UNUSED) continue;
        feature![row] = f;
        stratum![row] = stratumOf(slot);
        rank![row] = rankOf(slot);
        item![row] = places.item[at]!;
        token![row] = places.token[at]!;
        value[row++] = places.value[at]!;
      }
    }
  }
  return [
    { name: 'index', type: 'INT32', data: feature! },
    { name: 'stratum', type: 'INT32', data: stratum! },
    { name: 'rank', type: 'INT32', data: rank! },
    { name: 'item', type: 'INT32', data: item! },
    { name: 'token', type: 'INT32', data: token! },
    { name: 'value', type: 'FLOAT', data: value },
  ];
}

/** Rows of a table, for CSV. */
export function* rowsOf(columns: readonly Column[]): Generator<(string | number)[]> {
  const length = columns[0]?.data.length ?? 0;
  for (let row = 0; row < length; row++) yield columns.map(({ data }) => data[row]!);
}

/** Rows of JSON text in one piece of a file. */
const ROWS_A_PIECE = 5_000;

/**
 * `{format, version, about, latents, examples}`, the tables as `{columns, rows}`: in pieces, because the whole may be longer
 * than a string can be.
 */
export function* scanJson({ about, latents: one, examples: other }: ScanTables): Generator<string> {
  yield `{"format":"facet-scan","version":1,"about":${JSON.stringify(about)},\n"latents":`;
  yield* tableJson(one);
  yield ',\n"examples":';
  yield* tableJson(other);
  yield '}\n';
}

function* tableJson(columns: readonly Column[]): Generator<string> {
  yield `{"columns":${JSON.stringify(columns.map(({ name }) => name))},"rows":[`;
  let piece: string[] = [];
  let first = true;
  for (const row of rowsOf(columns)) {
    piece.push(JSON.stringify(row));
    if (piece.length < ROWS_A_PIECE) continue;
    yield `${first ? '\n' : ',\n'}${piece.join(',\n')}`;
    first = false;
    piece = [];
  }
  if (piece.length > 0) yield `${first ? '\n' : ',\n'}${piece.join(',\n')}`;
  yield ']}';
}
