import * as v from 'valibot';
import { ScanAccumulator } from './accumulator.ts';
import { layoutFor } from './layout.ts';

/** What a kept scan is of; also what is listed without reading the rest. */
export interface ScanFacts {
  id: string;
  corpus: { id: string; name: string; items: number; metadata: string[] };
  model: string;
  modelDigest: string;
  dictionary: string;
  dictionaryDigest: string;
  /** How weights were stored, e.g. `f32`. */
  storage: string;
}

/** Bump when anything about the file or what its numbers mean changes: kept scans of another version are not read. */
const VERSION = 1;
const MAGIC = 'facetscn';
const MOST_HEADER = 2 ** 20;
const MOST_FEATURES = 2 ** 22;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(2_000));
const headerSchema = v.object({
  version: v.literal(VERSION),
  facts: v.object({
    id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    corpus: v.object({
      id: text,
      name: text,
      items: whole,
      metadata: v.pipe(v.array(text), v.maxLength(1_000)),
    }),
    model: text,
    modelDigest: text,
    dictionary: text,
    dictionaryDigest: text,
    storage: text,
  }),
  dSae: v.pipe(whole, v.minValue(1), v.maxValue(MOST_FEATURES)),
  figures: v.object({
    cursor: v.object({ item: whole, window: whole }),
    tokens: whole,
    longItems: whole,
    unreadable: whole,
    cut: v.optional(v.tuple([whole, whole])),
  }),
  rows: whole,
  entries: whole,
  changed: whole,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export type ScanHeader = v.InferOutput<typeof headerSchema>;

type Words = Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Magic, u32 length of the header, the header as JSON padded to 8 bytes, then the arrays, the widest first. */
export async function writeScan(
  facts: ScanFacts,
  scan: ScanAccumulator,
  changed: number,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const sample = scan.reservoir.sample();
  const { count, sum, max, histogram, top, strata, bestId } = scan.arrays;
  const arrays: Words[] = [
    sum, count, max, histogram, top.item, top.token, top.value, strata.item, strata.token, strata.value, bestId,
    sample.item, sample.token, sample.offsets, sample.indices, sample.values,
  ]; // oxfmt-ignore
  // The scan goes on meanwhile.
  const body = new Uint8Array(arrays.reduce((bytes, array) => bytes + array.byteLength, 0));
  let at = 0;
  for (const array of arrays) {
    body.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  const header = {
    version: VERSION,
    facts,
    dSae: scan.dSae,
    figures: scan.figures,
    rows: sample.rows,
    entries: sample.indices.length,
    changed,
    sha256: await sha256(body),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const front = new Uint8Array(16 + Math.ceil(json.length / 8) * 8).fill(0x20);
  front.set(new TextEncoder().encode(MAGIC));
  new DataView(front.buffer).setUint32(8, json.length, true);
  front.set(json, 16);
  return [front, body];
}

/** What a file says of itself; `undefined` for what is no scan of this version. */
export async function readScanHeader(file: Blob): Promise<ScanHeader | undefined> {
  const front = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  if (front.length < 16 || new TextDecoder().decode(front.subarray(0, 8)) !== MAGIC) return undefined;
  const length = new DataView(front.buffer).getUint32(8, true);
  if (length > Math.min(MOST_HEADER, file.size - 16)) return undefined;
  try {
    const parsed: unknown = JSON.parse(await file.slice(16, 16 + length).text());
    const found = v.safeParse(headerSchema, parsed);
    return found.success && file.size === 16 + Math.ceil(length / 8) * 8 + bodyBytes(found.output)
      ? found.output
      : undefined;
  } catch {
    return undefined;
  }
}

/** `undefined` for what is no whole scan of this version, of another one, or damaged. */
export async function readScan(
  file: Blob,
  id: string,
): Promise<{ header: ScanHeader; scan: ScanAccumulator } | undefined> {
  const header = await readScanHeader(file);
  if (header?.facts.id !== id) return undefined;
  const body = await file.slice(file.size - bodyBytes(header)).arrayBuffer();
  if ((await sha256(new Uint8Array(body))) !== header.sha256) return undefined;
  let at = 0;
  const take = <Array extends Words>(Kind: ArrayKind<Array>, length: number): Array => {
    const bytes = Kind.BYTES_PER_ELEMENT * length;
    const array = new Kind(body.slice(at, at + bytes));
    at += bytes;
    return array;
  };
  const { dSae, rows, entries, figures } = header;
  const layout = layoutFor(dSae);
  const { bins, perFeature, perStratum } = layout;
  const sum = take(Float64Array, dSae);
  const count = take(Uint32Array, dSae);
  const max = take(Float32Array, dSae);
  const histogram = take(Uint32Array, dSae * bins);
  const places = (slots: number) => ({
    item: take(Uint32Array, slots),
    token: take(Uint32Array, slots),
    value: take(Float32Array, slots),
  });
  const top = places(dSae * perFeature);
  const strata = places(dSae * bins * perStratum);
  const bestId = take(Uint32Array, dSae);
  const sample = {
    rows,
    item: take(Uint32Array, rows),
    token: take(Uint32Array, rows),
    offsets: take(Uint32Array, rows + 1),
    indices: take(Uint32Array, entries),
    values: take(Float32Array, entries),
  };
  if (!sample.offsets.every((offset, row) => row === 0 || offset >= sample.offsets[row - 1]!))
    return undefined;
  if (sample.offsets[0] !== 0 || sample.offsets[rows] !== entries) return undefined;
  const arrays = { count, sum, max, histogram, top, strata, bestId };
  return { header, scan: ScanAccumulator.from(dSae, layout, { arrays, figures, sample }) };
}

interface ArrayKind<Array extends Words> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): Array;
}

function bodyBytes({ dSae, rows, entries }: Pick<ScanHeader, 'dSae' | 'rows' | 'entries'>): number {
  const { bins, perFeature, perStratum } = layoutFor(dSae);
  const places = dSae * (perFeature + bins * perStratum);
  return 4 * dSae * (5 + bins) + 12 * places + 4 * (3 * rows + 1) + 8 * entries;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
