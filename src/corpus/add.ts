import type { Lock, Space, Store } from '../library/store.ts';
import { FacetError } from '../shared/errors.ts';
import type { CorpusManifest, SkippedRow } from './corpus.ts';
import { ItemMaker } from './items.ts';
import { cut, MOST_ITEMS, NAME_UNITS, RESERVE_BYTES, SKIPPED_LISTED } from './limits.ts';
import { blobOf, type Plan, planOf, replacedNote } from './plan.ts';
import type { AddedCorpus, CorpusProgress, ReadRequest } from './protocol.ts';
import { Source } from './source.ts';
import { CorpusWriter, FILES } from './writer.ts';

interface Context {
  store: Store;
  space: Space;
  lock: Lock;
  /** Where it is written; the caller removes it when this fails. */
  folder: string;
  signal: AbortSignal;
  onProgress: (progress: CorpusProgress) => void;
  /** What is kept already. */
  kept: () => Promise<CorpusManifest[]>;
}

/** Messages between threads cost more than they tell when there are thousands a second. */
const INTERVAL_MS = 100;

/** See `CorpusApi.add`. */
export async function addCorpus(request: ReadRequest, context: Context): Promise<AddedCorpus> {
  const { store, folder, signal, lock } = context;
  const plan = await planOf(request, signal);
  const source = new Source(request.name, blobOf(request), signal);
  source.encoding = plan.encoding;
  const maker = new ItemMaker(plan.field, source);
  const skipped = { count: 0, first: [] as SkippedRow[] };
  const writer = await CorpusWriter.open(store, folder);
  let digest: string;
  try {
    await readAll(plan, source, maker, writer, skipped, context);
    if (writer.items === 0) throw nothingIn(source.name, skipped);
    digest = await writer.finish(maker.metadata);
  } catch (thrown) {
    await writer.abandon();
    throw isQuotaError(thrown) ? storageFull() : thrown;
  }
  const guess = plan.note === undefined ? [] : [plan.note];
  const notes = [...source.notes, ...guess, ...replacedNote(source)]
    .map((note) => cut(note, 400))
    .slice(0, 100);
  const manifest: CorpusManifest = {
    version: 1,
    digest,
    name: cut(request.name.trim().toWellFormed(), NAME_UNITS) || 'Texts',
    items: writer.items,
    bytes: source.blob.size,
    textBytes: writer.textBytes,
    format: plan.format.id,
    encoding: plan.encoding,
    ...(plan.field === undefined ? {} : { field: cut(plan.field, NAME_UNITS) }),
    metadata: maker.metadata,
    skipped,
    notes,
    added: Date.now(),
  };
  return lock(`corpus:${digest}`, signal, async () => {
    const same = (await context.kept()).find((kept) => kept.digest === digest);
    if (same) {
      await store.remove(folder);
      return { ...same, already: true };
    }
    await store.write(folder, FILES.manifest, JSON.stringify(manifest));
    return manifest;
  });
}

async function readAll(
  { format, settings }: Plan,
  source: Source,
  maker: ItemMaker,
  writer: CorpusWriter,
  skipped: { count: number; first: SkippedRow[] },
  { space, signal, onProgress }: Context,
): Promise<void> {
  const { usage, quota } = await space.estimate().catch(() => ({ usage: 0, quota: 0 }));
  // Zero where the browser does not say.
  const room = quota > 0 ? Math.max(0, quota - usage - RESERVE_BYTES) : Infinity;
  let told = 0;
  const tell = (): void => {
    told = performance.now();
    onProgress({ done: source.done, total: source.blob.size, items: writer.items, skipped: skipped.count });
  };
  for await (const rows of format.rows(source, settings)) {
    for (const row of rows) {
      const made = maker.make(row);
      if ('why' in made) {
        skipped.count++;
        if (skipped.first.length < SKIPPED_LISTED)
          skipped.first.push({ line: row.line, why: cut(made.why, 400) });
        continue;
      }
      if (writer.items >= MOST_ITEMS) {
        source.note(`There are more than ${MOST_ITEMS} texts; the first of them are kept.`);
        return tell();
      }
      await writer.add(made.text, made.metadata);
      if (writer.bytes > room) throw storageFull(room);
    }
    signal.throwIfAborted();
    if (performance.now() - told >= INTERVAL_MS) tell();
  }
  source.done = source.blob.size;
  tell();
}

function nothingIn(name: string, { count, first }: { count: number; first: SkippedRow[] }): FacetError {
  const [one] = first;
  return new FacetError(
    'bad-input',
    one
      ? `Nothing in ${name} can be used: ${count === 1 ? 'its only row was' : `all ${count} rows were`} skipped; row ${one.line}: ${one.why}.`
      : `There is no text in ${name}.`,
    { hint: one ? 'Choose another column or format, or mend the file.' : 'Choose a file with texts in it.' },
  );
}

const isQuotaError = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'QuotaExceededError';

function storageFull(room?: number): FacetError {
  const there = room === undefined ? '' : `; ${Math.floor(room / 1e6)} MB are left for texts`;
  return new FacetError(
    'storage-full',
    `The browser’s storage for this site is too small for these texts${there}.`,
    {
      hint: 'Remove texts or models kept here, or free disk space. Nothing of this file was kept.',
    },
  );
}
