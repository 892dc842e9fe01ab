import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';

interface Golden {
  short: { text: string; ids: number[]; loss: { b64: string }; argmax: number[] };
}

function facet(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ['scripts/run.mjs', 'src/cli/main.ts', ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    timeout: 80_000,
  });
  return { status, stdout, stderr };
}

const golden = JSON.parse(readFileSync('src/model/goldens/storyworld-2m/golden.json', 'utf8')) as Golden;

test('analyze prints what the reference implementation computes', () => {
  const { status, stdout } = facet(
    'analyze', '--text', golden.short.text, '--json', '--top', '3', '--logits', 'last', '--capture', 'blocks.1.hook_resid_pre',
  ); // prettier-ignore
  expect(status).toBe(0);
  const printed = JSON.parse(stdout) as {
    tokens: { id: number; text: string }[];
    loss: number[];
    next: { id: number; prob: number }[];
    features: { index: number; value: number }[][];
    logits: number[][];
    captures: Record<string, { shape: number[]; data: number[] }>;
  };
  expect(printed.tokens.map(({ id }) => id)).toEqual(golden.short.ids);
  const bytes = Buffer.from(golden.short.loss.b64, 'base64');
  expect(printed.loss).toHaveLength(golden.short.ids.length - 1);
  printed.loss.forEach((value, i) => expect(value).toBeCloseTo(bytes.readFloatLE(4 * i), 3));
  expect(printed.next).toHaveLength(3);
  expect(printed.next[0]!.id).toBe(golden.short.argmax.at(-1));
  expect(printed.features).toHaveLength(golden.short.ids.length);
  expect(printed.features.every((row) => row.length === 3)).toBe(true);
  expect(printed.logits).toHaveLength(1);
  expect(printed.captures['blocks.1.hook_resid_pre']!.shape).toEqual([golden.short.ids.length, 192]);
  expect(printed.captures['blocks.1.hook_resid_pre']!.data).toHaveLength(192 * golden.short.ids.length);
});

test('a folder with a model, and one of its dictionaries', () => {
  const folder = 'public/models/storyworld-2m';
  const dictionary = 'public/dictionaries/storyworld-2m/blocks.3.hook_resid_post';
  const { status, stdout } = facet(
    'analyze',
    '--text',
    'Tom',
    '--model',
    folder,
    '--dictionary',
    dictionary,
    '--json',
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    model: { id: 'storyworld-2m', family: 'gpt2' },
    dictionary: { hook: 'blocks.3.hook_resid_post', dSae: 2048, k: 24 },
  });
});

const mistakes: readonly (readonly [string, string[], number, RegExp])[] = [
  ['no text', ['analyze'], 2, /--text is missing/],
  ['an unknown option', ['analyze', '--text', 'a', '--wat'], 2, /--wat/],
  ['a bad number', ['analyze', '--text', 'a', '--top', '0'], 2, /--top must be/],
  ['an unknown command', ['fly'], 2, /unknown command "fly"/],
  ['a folder without a model', ['analyze', '--text', 'a', '--model', 'src'], 2, /there is no config\.json/],
  [
    'an unknown hook',
    ['analyze', '--text', 'a', '--capture', 'blocks.9.hook_resid_pre'],
    1,
    /no hook "blocks\.9/,
  ],
  ['an unknown dictionary', ['analyze', '--text', 'a', '--dictionary', 'x'], 1, /There is: blocks\.2/],
];
for (const [what, argv, code, message] of mistakes) {
  test(`${what}: exit code ${code} and the reason`, () => {
    const { status, stdout, stderr } = facet(...argv);
    expect(stderr).toMatch(message);
    expect(status).toBe(code);
    expect(stdout).toBe('');
  });
}

test('a model of a family that is not supported yet is refused by name', () => {
  const folder = '../shared/models/stories260K';
  test.skip(!existsSync(folder), 'the shared parity model is not on this machine');
  const { status, stderr } = facet('analyze', '--text', 'a', '--model', folder);
  expect(status).toBe(1);
  expect(stderr).toMatch(/"llama" is not supported yet/);
});
