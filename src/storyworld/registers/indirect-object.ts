import { names, objects, places } from '../lexicon.ts';
import type { Rng } from '../rng.ts';
import { Writer } from '../writer.ts';
import type { Register } from './register.ts';

/**
 * `A` and `B` introduce two names, `S` repeats one of them, the sentence ends in the other. `P` place, `O` object.
 * @source Wang et al. 2022, Interpretability in the Wild, arXiv:2211.00593
 */
const TEMPLATES: readonly string[] = [
  'When A and B went to the P, S gave a O to',
  'Then A and B went to the P. S gave a O to',
  'After A and B came to the P, S handed a O to',
  'While A and B were at the P, S showed a O to',
  'A and B met at the P, and S sold a O to',
  'When A and B were in the P, S passed a O to',
  'A and B walked to the P. Later S gave the O to',
  'Today A and B had a long talk at the P, and S lent a O to',
  'After A and B left the P, S brought a O to',
  'Since A and B liked the P, S bought a O for',
  'One day A and B found a O near the P. S gave it to',
  'A and B were friends. At the P, S offered a O to',
  'When A and B got a O at the P, S decided to give it to',
  'In the morning A and B ran to the P, where S threw a O to',
  'A and B sat in the P. Then S took a O and gave it to',
  'Once A and B worked at the P, and S sent a O to',
  'Before A and B left the P, S returned the O to',
  'At the P, A and B were bored, so S read a O to',
  'Because A and B shared the P, S left a O for',
  'Yesterday A and B stayed in the P, and S made a O for',
  'The P was quiet when A and B arrived. S carried a O to',
  'A and B wanted the O from the P, but S gave it to',
];

function sentence(rng: Rng, writer: Writer): void {
  const [first, second] = rng.sample(names, 2) as [string, string];
  const subjectIsFirst = rng.chance(0.5);
  const subject = subjectIsFirst ? first : second;
  const io = subjectIsFirst ? second : first;
  const place = rng.pick(places);
  const object = rng.pick(objects);
  // "A … B … A → B" is ABA followed by B: the repeated name stood first.
  writer.with({ order: subjectIsFirst ? 'ABAB' : 'ABBA', io, subject });
  let opening = true;
  for (const [piece] of rng.pick(TEMPLATES).matchAll(/\s*(?:\w+|[^\s\w])/g)) {
    const word = piece.trim();
    const space =
      opening && writer.at === 0 ? '' : opening ? ' ' : piece.slice(0, piece.length - word.length);
    opening = false;
    const name = { A: first, B: second, S: subject }[word];
    if (name) {
      const role = word === 'S' ? 'S2' : name === io ? 'IO' : 'S1';
      writer.add(space + name, { slot: 'name', role, name }, word === 'S' ? Math.LN2 : undefined);
    } else if (word === 'P') writer.add(space + place, { slot: 'place' });
    else if (word === 'O') writer.add(space + object, { slot: 'object' });
    else writer.add(space + word, { slot: /\w/.test(word) ? 'word' : 'punctuation' });
  }
  writer.task('indirect-object', [` ${io}`], [` ${subject}`]);
  writer.add(` ${io}`, { slot: 'name', role: 'IO-answer', name: io }, 0).add('.', { slot: 'punctuation' }, 0);
}

export const indirectObject: Register = {
  id: 'indirect-object',
  title: 'Indirect object',
  description: 'Two names, one repeated as giver; the text ends in the other.',
  weight: 0.14,
  generate(rng) {
    const writer = new Writer('indirect-object');
    const count = rng.between(2, 5);
    for (let i = 0; i < count; i++) sentence(rng, writer);
    return writer.finish();
  },
};
