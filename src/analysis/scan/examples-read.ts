import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../../dictionary/room.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { Turn } from '../heads/rows.ts';
import { Reads } from '../reads.ts';
import { ownActivation } from '../site.ts';
import type { WindowCodes } from './near-miss.ts';

/** Rows of one submission: on a slow device about half a second. */
const MOST_ROWS = 256;

/**
 * Model and dictionary over sequences, several in one submission; nothing of the sequences mixes.
 * @param sequences ids with the prefix before them, each within the context
 */
export async function readWindows(
  model: Transformer,
  dictionary: Dictionary,
  sequences: readonly Uint32Array<ArrayBuffer>[],
  turn: Turn,
): Promise<WindowCodes[]> {
  const found: WindowCodes[] = [];
  while (found.length < sequences.length) {
    const part: Uint32Array<ArrayBuffer>[] = [];
    let rows = 0;
    for (const ids of sequences.slice(found.length)) {
      if (part.length > 0 && rows + ids.length > MOST_ROWS) break;
      part.push(ids);
      rows += ids.length;
    }
    found.push(...(await turn(() => readPart(model, dictionary, part))));
  }
  return found;
}

function readPart(
  model: Transformer,
  dictionary: Dictionary,
  sequences: readonly Uint32Array<ArrayBuffer>[],
): Promise<WindowCodes[]> {
  const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
  return withRoom(dictionary, longest, async () => {
    const batch = model.gpu.batch('examples');
    try {
      const reads = new Reads();
      const places = sequences.map((ids) => {
        const { captures } = model.record(batch, { ids, captures: [dictionary.hook] });
        const input = ownActivation(batch, dictionary, captures.get(dictionary.hook)!);
        const codes = codeTensors(dictionary.encode(batch, input)).map((tensor) => reads.want(tensor));
        const scales = dictionary.inputScales(batch, input);
        return { codes, input: reads.want(input), scales: scales && reads.want(scales) };
      });
      reads.fill((await batch.submit(reads.tensors)).arrays);
      const read = sequences.map(({ length }, i) => {
        const { codes, input, scales } = places[i]!;
        return {
          input: reads.at(input) as Float32Array,
          scales: scales === undefined ? undefined : (reads.at(scales) as Float32Array),
          ...readCodes(
            codes.map((at) => reads.at(at)),
            length,
          ),
        };
      });
      return { result: read.map(({ codes, input, scales }) => ({ codes, input, scales })), read };
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  });
}
