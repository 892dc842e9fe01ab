import { expect, test } from 'vitest';
import { sample } from '../generate.ts';
import { argumentNames } from '../lexicon.ts';

const items = sample(26, 2000, { registers: ['docstrings'] });

/** A function as its text shows it. */
function parse(text: string) {
  const match =
    /^def (\w+)\(([\w, ]+)\):\n {4}"""(\w+)[^\n]*\.\n\n((?: {4}:param \w+: [^\n]+\n)+) {4}"""\n {4}return (\w+)\n$/.exec(
      text,
    );
  expect(match, text).not.toBeNull();
  const [, name, list, summary, body, returned] = match!;
  const all = list!.split(', ');
  return {
    name: name!,
    method: all[0] === 'self',
    args: all[0] === 'self' ? all.slice(1) : all,
    summary: summary!,
    documented: [...body!.matchAll(/:param (\w+):/g)].map(([, arg]) => arg!),
    returned: returned!,
  };
}

test('arguments are documented in the order of the definition', () => {
  let methods = 0;
  for (const { text } of items) {
    const { name, method, args, summary, documented, returned } = parse(text);
    expect(documented).toEqual(args);
    expect(new Set(args).size).toBe(args.length);
    expect(args.length).toBeGreaterThanOrEqual(3);
    expect(args.length).toBeLessThanOrEqual(6);
    expect(args.every((arg) => argumentNames.includes(arg))).toBe(true);
    expect(args).toContain(returned);
    expect(summary.toLowerCase()).toBe(name);
    methods += Number(method);
  }
  expect(methods / items.length).toBeGreaterThan(0.4);
  expect(methods / items.length).toBeLessThan(0.6);
  expect(new Set(argumentNames).size).toBeGreaterThanOrEqual(60);
});

test('each argument after the first is asked for, against the other arguments', () => {
  for (const { text, tasks } of items) {
    const { args } = parse(text);
    expect(tasks).toHaveLength(args.length - 1);
    for (const [i, { kind, at, correct, wrong }] of tasks.entries()) {
      expect(kind).toBe('docstring');
      expect(text.slice(0, at).endsWith('\n    :param')).toBe(true);
      expect(correct).toEqual([` ${args[i + 1]}`]);
      expect([...wrong].sort()).toEqual(
        args
          .filter((arg) => arg !== args[i + 1])
          .map((arg) => ` ${arg}`)
          .sort(),
      );
    }
  }
});

test('labels give the number of the argument and where it was defined', () => {
  for (const { text, spans } of items) {
    const { args } = parse(text);
    const documented = spans.filter(({ labels }) => labels.role === 'docstring');
    expect(documented).toHaveLength(args.length);
    for (const [i, { labels, nats }] of documented.entries()) {
      expect(labels).toMatchObject({ argument: i, name: args[i] });
      expect(nats).toBe(0);
      const source = spans.find(({ start }) => start === labels.repeatOf)!;
      expect(text.slice(source.start, source.end).trim()).toBe(args[i]);
      expect(source.labels).toMatchObject({ role: 'definition', argument: i, name: args[i] });
    }
  }
});
