import { moodOf, type Passage, type Shape } from './passage.ts';
import type { Recogniser, Stretch } from './recogniser.ts';

const shaped = (id: string, title: string, meaning: string, shape: Shape): Recogniser => ({
  id,
  title,
  meaning,
  find: (passage) => passage.of(shape),
});

const mood = (id: string, title: string, meaning: string, wanted: string): Recogniser => ({
  id,
  title,
  meaning,
  find: ({ sentences }) =>
    sentences
      .filter(({ shape, text }) => shape === 'stories' && moodOf(text) === wanted)
      .map(({ start, end }): Stretch => [start, end]),
});

/** Words of a sequence that stand where the same words stood in its first copy. */
function* copied({ sentences }: Passage): Iterable<Stretch> {
  for (const { text, start, shape } of sentences) {
    if (shape !== 'repeats') continue;
    let index = 0;
    let first: string[] | undefined;
    const copy: string[] = [];
    for (const { 0: word, index: at } of text.matchAll(/[a-z]+|;/g)) {
      if (word === ';') {
        first ??= [...copy];
        index = 0;
      } else if (!first) copy.push(word);
      else if (first[index++] === word) yield [start + at, start + at + word.length];
    }
  }
}

/** Sentences and lines, by what they look like. */
export const shapes: readonly Recogniser[] = [
  shaped('stories', 'Story', 'In a sentence all of whose words are those of the stories.', 'stories'),
  shaped(
    'indirect-object',
    'Giving',
    'In a sentence that names two people or gives something to one.',
    'indirect-object',
  ),
  shaped('greater-than', 'History', 'In a sentence with a year or an event such as a war.', 'greater-than'),
  shaped('repeats', 'Word sequence', 'In a sequence of words that make no sentence.', 'repeats'),
  shaped('agreement', 'Agreement', 'In a sentence of the kind “The keys near the box are red.”', 'agreement'),
  shaped('speech', 'Speech', 'In a sentence that begins with what someone says.', 'speech'),
  shaped('brackets', 'Bracket text', 'In words between nested brackets, to the full stop.', 'brackets'),
  shaped('docstrings', 'Code', 'In a line of a Python function or its docstring.', 'docstrings'),
  {
    id: 'copied',
    title: 'Repeated word',
    meaning: 'A word of a sequence that stands where it stood in the copy before.',
    find: copied,
  },
  mood('good', 'Something good', 'In a sentence of a story that tells something good.', 'positive'),
  mood('bad', 'Something bad', 'In a sentence of a story that tells something bad.', 'negative'),
];
