import { FacetError } from '../shared/errors.ts';
import { generate } from '../storyworld/index.ts';
import { type Corpus, corpusId, type CorpusReference } from './corpus.ts';

/** @throws FacetError `bad-input` when the files do not hold what their manifest says */
export function openCorpus(reference: CorpusReference): Promise<Corpus> {
  if (reference.kind === 'own') throw new FacetError('unsupported', 'Own texts cannot be read yet.');
  const { seed, items } = reference;
  const read = (first: number, count: number) =>
    Promise.resolve(
      Array.from({ length: Math.max(0, Math.min(count, items - first)) }, (_, i) => {
        const item = generate(seed, first + i);
        return { text: item.text, metadata: [item.register], storyworld: item };
      }),
    );
  const name = `Storyworld, seed ${seed}`;
  return Promise.resolve({ id: corpusId(reference), name, items, metadata: ['register'], read });
}
