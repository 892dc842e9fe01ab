import { sequenceWords } from '../lexicon.ts';
import { Writer } from '../writer.ts';
import type { Register } from './register.ts';

const SHORTEST = 8;
const LONGEST = 40;
const TASKS = 4;

/** @source Olsson et al. 2022, In-context Learning and Induction Heads, arXiv:2209.11895 (repeated random tokens) */
export const repeats: Register = {
  id: 'repeats',
  title: 'Repeated random sequence',
  description: 'Random words, then the same words again in the same order.',
  weight: 0.14,
  generate(rng) {
    const writer = new Writer('repeats');
    const length = rng.between(SHORTEST, LONGEST);
    const copies = length <= 24 && rng.chance(0.4) ? 3 : 2;
    const sequence = Array.from({ length }, () => rng.pick(sequenceWords));
    const asked = new Set(
      rng.sample(
        Array.from({ length: length - 2 }, (_, i) => i + 2),
        TASKS,
      ),
    );
    let previous: number[] = [];
    for (let copy = 0; copy < copies; copy++) {
      const starts: number[] = [];
      sequence.forEach((word, index) => {
        if (copy === 1 && asked.has(index)) writer.task('repeat', [` ${word}`]);
        starts.push(writer.at);
        // In the first copy the separator could have come instead of a word once eight were written.
        const left = LONGEST - index + 1;
        const nats =
          copy > 0
            ? 0
            : Math.log(sequenceWords.length) - (index >= SHORTEST ? Math.log((left - 1) / left) : 0);
        writer.add(
          ` ${word}`,
          { slot: 'word', copy, index, ...(copy > 0 && { repeatOf: previous[index]! }) },
          nats,
        );
      });
      previous = starts;
      writer.add(copy === copies - 1 ? '.' : ' ;', { slot: 'punctuation', copy });
    }
    return writer.finish();
  },
};
