import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../../dictionary/room.ts';
import type { Transformer } from '../../model/transformer.ts';
import { packInOrder, rowsOfPass, splitCodes } from '../encode-sequences.ts';
import type { Turn } from '../heads/rows.ts';
import { Reads } from '../reads.ts';
import { ownActivation } from '../site.ts';
import type { WindowCodes } from './near-miss.ts';

/** Rows of one submission: on a slow device about half a second. */
const MOST_ROWS = 256;

/**
 * Model and dictionary over sequences, with what was encoded: several of them packed into one pass, a pass a turn.
 * @param sequences ids with the prefix before them, each within the context
 */
export async function readWindows(
  model: Transformer,
  dictionary: Dictionary,
  sequences: readonly Uint32Array<ArrayBuffer>[],
  turn: Turn,
): Promise<WindowCodes[]> {
  const lengths = sequences.map(({ length }) => length);
  const found: WindowCodes[] = [];
  for (const { first, lengths: own } of packInOrder(
    lengths,
    Math.min(MOST_ROWS, rowsOfPass(model, dictionary)),
  )) {
    const part = sequences.slice(first, first + own.length);
    found.push(...(await turn(() => readPart(model, dictionary, part))));
  }
  return found;
}

function readPart(
  model: Transformer,
  dictionary: Dictionary,
  sequences: readonly Uint32Array<ArrayBuffer>[],
): Promise<WindowCodes[]> {
  const starts = new Uint32Array(sequences.length);
  let rows = 0;
  sequences.forEach(({ length }, i) => {
    starts[i] = rows;
    rows += length;
  });
  const ids = new Uint32Array(rows);
  sequences.forEach((own, i) => ids.set(own, starts[i]));
  return withRoom(dictionary, rows, async () => {
    const batch = model.gpu.batch('examples');
    try {
      const segments = sequences.length > 1 ? { segments: starts } : {};
      const { captures } = model.record(batch, { ids, captures: [dictionary.hook], ...segments });
      const activation = ownActivation(batch, dictionary, captures.get(dictionary.hook)!);
      const reads = new Reads();
      const codesAt = codeTensors(dictionary.encode(batch, activation)).map((tensor) => reads.want(tensor));
      const inputAt = reads.want(activation);
      const scales = dictionary.inputScales(batch, activation);
      const scalesAt = scales && reads.want(scales);
      reads.fill((await batch.submit(reads.tensors)).arrays);
      const read = readCodes(
        codesAt.map((at) => reads.at(at)),
        rows,
      );
      const input = reads.at(inputAt) as Float32Array;
      const all = scalesAt === undefined ? undefined : (reads.at(scalesAt) as Float32Array);
      const result = splitCodes(read.codes, starts).map((codes, i): WindowCodes => {
        const [from, to] = [starts[i]!, starts[i]! + sequences[i]!.length];
        return {
          codes,
          input: input.slice(from * dictionary.dIn, to * dictionary.dIn),
          scales: all?.slice(4 * from, 4 * to),
        };
      });
      return { result, read: [read] };
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  });
}
