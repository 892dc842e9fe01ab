import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Inspection } from '../src/engine/protocol.ts';
import { startHub, type TestHub } from '../src/testing/test-hub.ts';

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
  ); // oxfmt-ignore
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
  ['a folder without a model', ['analyze', '--text', 'a', '--model', 'e2e'], 2, /It lacks weights/],
  [
    'neither folder nor repository',
    ['analyze', '--text', 'a', '--model', 'what is this'],
    2,
    /no such folder/,
  ],
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

test('a pretrained Llama gives the logits of an independent forward pass', () => {
  const folder = '../shared/models/stories260K';
  test.skip(!existsSync(folder), 'the shared parity model is not on this machine');
  const {
    text,
    ids,
    logits_last: expected,
  } = JSON.parse(readFileSync(`${folder}/golden.json`, 'utf8')) as {
    text: string;
    ids: number[];
    logits_last: number[];
  };
  const { status, stdout } = facet(
    'analyze',
    '--text',
    text,
    '--model',
    folder,
    '--logits',
    'last',
    '--json',
  );
  expect(status).toBe(0);
  const printed = JSON.parse(stdout) as { tokens: { id: number }[]; logits: number[][] };
  expect(printed.tokens.map(({ id }) => id)).toEqual(ids);
  printed.logits[0]!.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 3));
});

test.describe('repositories', () => {
  let root: string;
  let hub: TestHub;
  test.beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'facet-cli-'));
    cpSync('public/models/storyworld-2m', join(root, 'hub/tests/model'), { recursive: true });
    const dictionary = 'blocks.3.hook_resid_post';
    cpSync(
      `public/dictionaries/storyworld-2m/${dictionary}`,
      join(root, 'hub/tests/dictionaries', dictionary),
      { recursive: true },
    );
    writeFileSync(join(root, 'hub/tests/dictionaries/ae.pt'), 'pickled');
    hub = await startHub({ root: join(root, 'hub') });
  });
  test.afterAll(async () => {
    await hub.close();
    rmSync(root, { recursive: true });
  });
  const asked = (...argv: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> =>
    // Not `spawnSync`: the hub answers in this process.
    new Promise((done) => {
      const env = { ...process.env, XDG_CACHE_HOME: join(root, 'cache'), HF_ENDPOINT: hub.origin };
      const command = ['scripts/run.mjs', 'src/cli/main.ts', ...argv];
      const child = execFile(process.execPath, command, { env, maxBuffer: 2 ** 26 }, (_, stdout, stderr) =>
        done({ status: child.exitCode, stdout, stderr }),
      );
    });

  test('inspect says what is there and downloads no weights', async () => {
    const { status, stdout, stderr } = await asked('inspect', 'tests/dictionaries', '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { dictionaries, notes } = JSON.parse(stdout) as Inspection;
    expect(dictionaries).toMatchObject([
      { path: 'blocks.3.hook_resid_post', hook: 'blocks.3.hook_resid_post', dSae: 2048 },
    ]);
    expect(notes.join()).toMatch(/ae\.pt.*python -c/s);
    const model = JSON.parse((await asked('inspect', 'tests/model', '--json')).stdout) as Inspection;
    expect(model.model).toMatchObject({
      family: 'gpt2',
      config: { nLayers: 4, dVocab: 3072 },
      weights: 'safetensors',
    });
    expect(hub.log.filter(({ path }) => path.endsWith('.safetensors'))).toEqual([]);
  });

  test(
    'analyze reads with a repository and a dictionary in another, and fetches them once',
    { tag: '@long' },
    async () => {
      const argv = [
        'analyze',
        '--text',
        'Tom',
        '--model',
        'tests/model',
        '--dictionary',
        'tests/dictionaries:blocks.3.hook_resid_post',
        '--json',
      ];
      const { status, stdout } = await asked(...argv);
      expect(status).toBe(0);
      const printed = JSON.parse(stdout) as { model: { id: string }; features: unknown[][] };
      expect(printed).toMatchObject({ dictionary: { hook: 'blocks.3.hook_resid_post', k: 24 } });
      expect(printed.model.id).toBe(`hf:tests/model@${hub.commit('tests/model')}`);
      expect(printed.features.at(-1)).not.toEqual([]);
      const bundled = JSON.parse(
        facet('analyze', '--text', 'Tom', '--dictionary', 'blocks.3.hook_resid_post', '--json').stdout,
      ) as typeof printed;
      expect(printed.features).toEqual(bundled.features);
      hub.reset();
      expect((await asked(...argv)).status).toBe(0);
      expect(hub.log.filter(({ path }) => path.endsWith('.safetensors'))).toEqual([]);
    },
  );

  test('a repository that is not there, and a hub that refuses', async () => {
    const gone = await asked('analyze', '--text', 'a', '--model', 'tests/nothing');
    expect(gone.stderr).toMatch(/tests\/nothing/);
    expect(gone.status).toBe(1);
    hub.fault('api/tests/model', 401);
    const gated = await asked('inspect', 'tests/model');
    expect(gated.stderr).toMatch(/token/);
    expect(gated.status).toBe(1);
  });
});
