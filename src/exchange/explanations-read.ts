import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import type { Explanation } from './explanation.ts';
import { explanationOf, neuronpediaExplanation } from './neuronpedia-read.ts';
import { parseJson, refused } from './read-file.ts';

/** Explanations of a file, and what could not be read of it. */
export interface ReadExplanations {
  /** By source, `modelId/layer`. */
  sources: Map<string, { feature: number; explanation: Explanation }[]>;
  rows: number;
  /** Rows without a feature or a description, or that are not an explanation; the first few with the reason. */
  skipped: number;
  first: { row: number; why: string }[];
}

const MAX_FILE = 400_000_000;
/** Bytes of a compressed file's content. */
const MAX_INFLATED = 1_500_000_000;
/** Code units of a row: embeddings of 3,072 numbers, which are not kept, take some 40,000. */
const MAX_ROW = 2_000_000;
const MAX_ROWS = 2_000_000;
const MAX_SOURCES = 1_000;
const LISTED = 20;

/** Takes one row after the other. */
class Collector {
  readonly found: ReadExplanations = { sources: new Map(), rows: 0, skipped: 0, first: [] };

  take(row: unknown): void {
    if (++this.found.rows > MAX_ROWS) throw refused(`has more than ${MAX_ROWS} rows`);
    const read = v.safeParse(neuronpediaExplanation, row, { abortEarly: true });
    if (!read.success) return this.skip(read.issues[0].message);
    const { modelId, layer, index } = read.output;
    if (index == null) return this.skip('It names no feature.');
    const source = [modelId ?? '', layer ?? ''].filter(Boolean).join('/');
    const explanation = explanationOf(read.output, source);
    if (!explanation) return this.skip('It has no description.');
    const list = this.found.sources.get(source) ?? [];
    if (list.length === 0 && this.found.sources.size >= MAX_SOURCES)
      throw refused(`is about more than ${MAX_SOURCES} dictionaries`);
    list.push({ feature: index, explanation });
    this.found.sources.set(source, list);
  }

  line(line: string): void {
    if (line.trim() === '') return;
    let row: unknown;
    try {
      row = parseJson(line, MAX_ROW);
    } catch {
      this.found.rows++;
      return this.skip('It is not JSON, or too long.');
    }
    this.take(row);
  }

  private skip(why: string): void {
    this.found.skipped++;
    if (this.found.first.length < LISTED)
      this.found.first.push({ row: this.found.rows, why: why.slice(0, 200) });
  }
}

/**
 * Explanations as Neuronpedia exports them: a JSON array, or a row a line.
 * @throws FacetError `bad-input` for what is neither
 */
export function readExplanations(content: string): ReadExplanations {
  const collector = new Collector();
  if (/^\ufeff?\s*\[/.test(content)) {
    const rows = parseJson(content, MAX_FILE);
    if (!Array.isArray(rows)) throw refused('is not a list of explanations');
    for (const row of rows) collector.take(row);
  } else {
    if (content.length > MAX_FILE) throw refused('is too large');
    for (const line of content.split('\n')) collector.line(line);
  }
  return all(collector);
}

/**
 * The same from a row a line, as they come: `.jsonl`, or `.jsonl.gz` as in Neuronpedia's public exports.
 * @param gzip whether the bytes are compressed
 */
export async function readExplanationLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  gzip: boolean,
): Promise<ReadExplanations> {
  const collector = new Collector();
  const decoder = new TextDecoder();
  const plain = gzip ? bytes.pipeThrough(new DecompressionStream('gzip')) : bytes;
  const reader = plain.getReader();
  let rest = '';
  let read = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      read += value?.byteLength ?? 0;
      if (read > MAX_INFLATED) throw refused('holds more than is read of one file');
      const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = done ? '' : lines.pop()!;
      if (rest.length > MAX_ROW) throw refused('has a line that is too long');
      for (const line of lines) collector.line(line);
      if (done) break;
    }
  } catch (thrown) {
    if (thrown instanceof FacetError) throw thrown;
    throw new FacetError('bad-input', 'The file is damaged: it cannot be unpacked.', {
      hint: 'Download it again.',
      detail: String(thrown),
      cause: thrown,
    });
  } finally {
    // Ends the unpacking of what is not read.
    await reader.cancel().catch(() => {});
  }
  return all(collector);
}

function all({ found }: Collector): ReadExplanations {
  if (found.sources.size > 0) return found;
  const why = found.first[0]?.why;
  throw refused(
    `holds no explanations${found.rows > 0 ? `: none of ${found.rows} rows is one${why ? ` (${why})` : ''}` : ''}`,
    'Choose a file of explanations as Neuronpedia exports them: a JSON array, or a row a line.',
  );
}

/** What one should know before explanations of a source are believed of a dictionary; undefined: nothing. */
export function otherSource(source: string, dictionary: { hook: string; dSae: number }): string | undefined {
  const layer = /(?:^|\/)(\d+)(?:-|$)/.exec(source)?.[1];
  const own = /^blocks\.(\d+)\./.exec(dictionary.hook)?.[1];
  if (layer !== undefined && own !== undefined && layer !== own)
    return `They are of ${source}, and the open dictionary reads layer ${own}.`;
  const site = /-(res|att|mlp|transcoder)/.exec(source)?.[1];
  const isResidual = /hook_resid_/.test(dictionary.hook);
  if (site === 'res' && !isResidual)
    return `They are of ${source}, a residual stream, and the open dictionary reads ${dictionary.hook}.`;
  if ((site === 'att' || site === 'mlp') && isResidual)
    return `They are of ${source}, and the open dictionary reads ${dictionary.hook}.`;
  return undefined;
}
