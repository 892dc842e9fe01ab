import { transfer } from 'comlink';
import { discarding } from '../../analysis/discarding.ts';
import { nearestRows, readNorms } from '../../analysis/search/directions.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Neighbours, NeighboursRequest, Progress } from '../protocol.ts';
import type { Session } from '../session.ts';
import { currentDictionary } from './dictionary.ts';

const MOST_NEIGHBOURS = 256;
/** Of the answer: features × neighbours. */
const MOST_ANSWERED = 2 ** 23;
/** Multiply-adds of one turn, which so lasts well below half a second. */
const TURN = { software: 4e8, hardware: 2e10 };
/** Cosines of one turn, in numbers. */
const MOST_COSINES = 2 ** 24;

/** See `SearchApi.neighbours`. @throws FacetError `bad-input`, `limits`, `cancelled` */
export async function readNeighbours(
  session: Session,
  { k, features: asked }: NeighboursRequest,
  onProgress: (progress: Progress) => void,
): Promise<Neighbours> {
  const { dictionary, digest, turn } = currentDictionary(session);
  const { gpu } = session.opened;
  const { dSae, dOut } = dictionary;
  if (!Number.isInteger(k) || k < 1 || k > MOST_NEIGHBOURS) {
    throw new FacetError(
      'bad-input',
      `The number of neighbours must be a whole number from 1 to ${MOST_NEIGHBOURS}.`,
    );
  }
  if (asked?.some((feature, i) => feature >= dSae || (i > 0 && feature <= asked[i - 1]!))) {
    throw new FacetError('bad-input', 'Features must be of this dictionary, each once, in rising order.');
  }
  const norms = await turn(() => readNorms(gpu, dictionary));
  const all = asked ?? Uint32Array.from({ length: dSae }, (_, i) => i);
  // Infinite rows point nowhere either.
  const features = all.filter((feature) => norms[feature]! > 0 && Number.isFinite(norms[feature]!));
  const n = features.length;
  const count = Math.max(0, Math.min(k, n - 1));
  if (n * count > MOST_ANSWERED) {
    throw new FacetError('limits', `${count} neighbours of ${n} features are too many at once.`, {
      hint: 'Ask for fewer features or fewer neighbours.',
    });
  }
  const asking = count > 0 ? n : 0;
  const indices = new Uint32Array(n * count);
  const cosines = new Float32Array(n * count);
  const work = TURN[gpu.adapter.software ? 'software' : 'hardware'];
  const rows = Math.max(1, Math.floor(Math.min(work / (n * dOut), MOST_COSINES / n)));
  for (let from = 0; from < asking; from += rows) {
    const to = Math.min(n, from + rows);
    const [places, values] = await turn(async () => {
      const batch = gpu.batch('neighbours');
      const found = discarding(batch, () =>
        nearestRows(batch, dictionary, { features, norms, k: count + 1 }, [from, to]),
      );
      const { arrays } = await batch.submit([found.indices, found.values]);
      return arrays as [Uint32Array, Float32Array];
    });
    for (let row = from; row < to; row++) {
      const start = (row - from) * (count + 1);
      // Rows that point exactly the same way may push a row out of its own list: then the last is one too many.
      const own = places.subarray(start, start + count + 1).indexOf(row);
      for (let j = 0; j < count; j++) {
        const at = start + (own >= 0 && j >= own ? j + 1 : j);
        indices[row * count + j] = places[at]!;
        cosines[row * count + j] = values[at]!;
      }
    }
    onProgress({ phase: 'scan', what: 'features', done: to, total: n, unit: 'steps' });
  }
  const answer: Neighbours = { dictionaryDigest: digest, features, k: count, indices, cosines };
  return transfer(answer, [features.buffer, indices.buffer, cosines.buffer]);
}
