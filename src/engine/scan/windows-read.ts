import type { FeatureEncoder, WindowCodes } from '../../analysis/scan/near-miss.ts';
import { readWindows } from '../../analysis/scan/examples-read.ts';
import type { Corpus } from '../../corpus/corpus.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Token } from '../../model/tokenizer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { LoadedDictionary, OpenedModelState } from '../opened-model.ts';
import type { Session } from '../session.ts';
import { dictionaryOf } from './records.ts';

/** A window of an item, read under one dictionary. */
export interface ReadWindow extends WindowCodes {
  item: number;
  metadata: string[];
  /** Position in the item of the first own token; rows at the front that are not of the text. */
  first: number;
  prefix: number;
  /** Without the prefix. */
  tokens: Token[];
  text: string;
}

/** Bytes of windows that are kept: features share the texts they are looked at on. */
const MOST_BYTES = 2 ** 25;

const bytesOf = ({ input, codes, text }: ReadWindow): number =>
  input.byteLength +
  codes.indices.byteLength +
  codes.values.byteLength +
  64 * codes.offsets.length +
  2 * text.length;

/** Windows read last, under any dictionary of the model. */
class KeptWindows implements Disposable {
  readonly #kept = new Map<string, ReadWindow>();
  #bytes = 0;

  get(key: string): ReadWindow | undefined {
    const found = this.#kept.get(key);
    if (!found) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found;
  }

  set(key: string, window: ReadWindow): void {
    if (this.#kept.has(key)) return;
    this.#kept.set(key, window);
    this.#bytes += bytesOf(window);
    for (const [oldest, each] of this.#kept) {
      if (this.#bytes <= MOST_BYTES) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytesOf(each);
    }
  }

  [Symbol.dispose](): void {
    this.#kept.clear();
  }
}

/** Own tokens of a window: what the context has room for besides the prefix. */
export function windowSize(opened: OpenedModelState, dictionary: Dictionary): number {
  return Math.max(1, opened.info.nCtx - opened.prefixFor(dictionary).length);
}

/**
 * The windows that places are in, as a scan reads them, each once.
 * @param places positions in items
 * @returns in the order of the places
 */
export async function readWindowsAt(
  session: Session,
  corpus: Corpus,
  { dictionary, info }: LoadedDictionary,
  places: readonly { item: number; token: number }[],
): Promise<ReadWindow[]> {
  const { opened } = session;
  const kept = opened.companion(KeptWindows);
  const size = windowSize(opened, dictionary);
  const before = opened.prefixFor(dictionary);
  const found = new Map<string, ReadWindow>();
  const wanted = new Map<string, Omit<ReadWindow, keyof WindowCodes>>();
  const keys: string[] = [];
  for (const { item, token } of places) {
    const first = Math.floor(token / size) * size;
    const key = `${info.digest}/${corpus.id}/${item}/${first}`;
    keys.push(key);
    if (found.has(key) || wanted.has(key)) continue;
    const known = kept.get(key);
    if (known) found.set(key, known);
    else
      wanted.set(key, { ...(await windowOf(session, corpus, item, { first, size })), prefix: before.length });
  }
  const sequences = Array.from(wanted.values(), ({ tokens }) =>
    Uint32Array.from([...before, ...tokens], ({ id }) => id),
  );
  const codes = await readWindows(opened.model, dictionary, sequences, (work) => session.turn(work));
  let next = 0;
  for (const [key, window] of wanted) {
    const read = { ...window, ...codes[next++]! };
    found.set(key, read);
    kept.set(key, read);
  }
  return keys.map((key) => found.get(key)!);
}

async function windowOf(
  { opened, signal }: Session,
  corpus: Corpus,
  item: number,
  { first, size }: { first: number; size: number },
): Promise<Pick<ReadWindow, 'item' | 'metadata' | 'first' | 'tokens' | 'text'>> {
  signal.throwIfAborted();
  const [found] = await corpus.read(item, 1);
  const tokens = found ? opened.tokenizer.tokenize(found.text).tokens.slice(first, first + size) : [];
  if (!found || tokens.length === 0)
    throw new FacetError('bad-input', `Text ${item} is not what was read before.`, {
      hint: 'Read the texts anew.',
    });
  const text = found.text.slice(tokens[0]!.start, tokens.at(-1)!.end);
  return { item, metadata: found.metadata, first, tokens, text };
}

/** How a feature's activation is made of what its dictionary reads. */
export async function readEncoder(
  session: Session,
  dictionary: Dictionary,
  feature: number,
): Promise<FeatureEncoder> {
  const { arrays } = await session.turn(() => {
    const batch = session.opened.gpu.batch('encoder row');
    const { directions, constants } = dictionary.encoderRows(batch, [feature]);
    return batch.submit([directions, constants]);
  });
  return { direction: arrays[0]!, constant: arrays[1]![0]! };
}

/** What a call is asked of. @throws FacetError `bad-input` without a dictionary or such a feature */
export function currentDictionary({ opened }: Session, feature: number): LoadedDictionary {
  const current = dictionaryOf(opened);
  const { dSae } = current.dictionary;
  if (Number.isInteger(feature) && feature >= 0 && feature < dSae) return current;
  throw new FacetError('bad-input', `There is no feature ${feature}; this dictionary has ${dSae}, from 0.`);
}
