import { argumentNames } from '../lexicon.ts';
import { Writer } from '../writer.ts';
import type { Register } from './register.ts';

const VERBS = 'load save read write find count sort merge parse print check build send open move copy'.split(
  ' ',
);
const THINGS = 'the file, the list, a table, the page, an image, the tree, a node, the data'.split(', ');
const NOTES =
  'the name to use, the number of items, where to begin, how far to go, a short text, the first one, the last one, what to keep'.split(
    ', ',
  );

/** @source Heimersheim & Janiak 2023, A circuit for Python docstrings in a 4-layer attention-only transformer */
export const docstrings: Register = {
  id: 'docstrings',
  title: 'Docstrings',
  description: 'A Python function whose docstring names its arguments in their order.',
  weight: 0.1,
  generate(rng) {
    const writer = new Writer('docstrings');
    const verb = rng.pick(VERBS);
    const chosen = rng.sample(argumentNames, rng.between(3, 6));
    const method = rng.chance(0.5);
    writer
      .add('def', { slot: 'keyword' })
      .add(` ${verb}`, { slot: 'function' })
      .add('(', { slot: 'punctuation' });
    if (method) writer.add('self', { slot: 'keyword' }).add(',', { slot: 'punctuation' });
    const defined: number[] = [];
    chosen.forEach((name, index) => {
      defined.push(writer.at);
      const space = index === 0 && !method ? '' : ' ';
      writer.add(`${space}${name}`, { slot: 'argument', role: 'definition', argument: index, name });
      writer.add(index === chosen.length - 1 ? '):' : ',', { slot: 'punctuation' });
    });
    writer.add('\n', { slot: 'newline' }).add('    """', { slot: 'quote-open' });
    writer
      .words(`${verb[0]!.toUpperCase()}${verb.slice(1)} ${rng.pick(THINGS)}.`, { slot: 'summary' })
      .add('\n\n', { slot: 'newline' });
    chosen.forEach((name, index) => {
      writer.add('    :', { slot: 'punctuation' }).add('param', { slot: 'keyword' });
      if (index > 0)
        writer.task(
          'docstring',
          [` ${name}`],
          chosen.filter((other) => other !== name).map((other) => ` ${other}`),
        );
      writer.add(
        ` ${name}`,
        { slot: 'argument', role: 'docstring', argument: index, name, repeatOf: defined[index]! },
        0,
      );
      writer.add(':', { slot: 'punctuation' }, 0);
      writer.words(` ${rng.pick(NOTES)}`, { slot: 'note' }).add('\n', { slot: 'newline' });
    });
    writer.add('    """', { slot: 'quote-close' }).add('\n', { slot: 'newline' });
    writer.add('    return', { slot: 'keyword' });
    const returned = rng.below(chosen.length);
    writer.add(` ${chosen[returned]!}`, {
      slot: 'argument',
      role: 'body',
      argument: returned,
      name: chosen[returned]!,
    });
    writer.add('\n', { slot: 'newline' });
    return writer.finish();
  },
};
