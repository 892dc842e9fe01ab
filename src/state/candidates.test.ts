import { expect, test } from 'vitest';
import type { DictionaryInspection, FileSet, ModelInspection } from '../engine/protocol.ts';
import { candidates, filterCandidates } from './candidates.ts';
import type { Look } from './library.ts';
import { parsePublished } from './published.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const dictionary = (
  path: string,
  hook: string,
  rest: Partial<DictionaryInspection> = {},
): DictionaryInspection => ({
  path,
  hook,
  format: 'sae-lens',
  files: [
    { path: `${path}/cfg.json`, bytes: 10 },
    { path: `${path}/sae.safetensors`, bytes: 990 },
  ],
  ...rest,
});
const look = (id: string, here: string[], dictionaries: DictionaryInspection[]): Look => {
  const set: FileSet = { id, title: id, files: here.map((path) => ({ path, blob: new Blob(['x']) })) };
  return { set, inspection: { id, dictionaries, notes: [] } };
};
const model: ModelInspection = {
  family: 'gpt2',
  config: { nLayers: 2, nHeads: 2, nKvHeads: 2, dHead: 4, dModel: 8, dMlp: 32, dVocab: 99, nCtx: 16 },
  hooks: [
    { name: 'blocks.0.hook_resid_pre', width: 8 },
    { name: 'blocks.0.attn.hook_z', width: 8 },
    { name: 'blocks.1.hook_resid_pre', width: 8 },
    { name: 'blocks.1.hook_mlp_out', width: 8 },
  ],
  files: [],
  weights: '',
  tokenizer: '',
};
const [small] = parsePublished({
  version: 1,
  models: [
    {
      repo: 'small/model',
      title: 'Small',
      family: 'gpt2',
      sets: [
        {
          id: 'res',
          title: 'Residual stream',
          repo: 'someone/saes',
          format: 'sae-lens',
          architecture: 'standard',
          dSae: 64,
          bytes: 500,
          dictionaries: [
            { path: 'l0', hook: 'blocks.0.hook_resid_pre' },
            { path: 'l9', hook: 'blocks.9.hook_resid_pre' },
          ],
        },
        {
          id: 'old',
          title: 'Pickled',
          repo: 'someone/pickles',
          revision: commit,
          format: 'attention-output',
          unreadable: 'Convert it.',
          dictionaries: [{ path: 'z.pt', hook: 'blocks.0.attn.hook_z' }],
        },
      ],
    },
  ],
});
const { sets } = small!;

test('before anybody looked, the list says what there is and what cannot fit', () => {
  const all = candidates({ sets, looks: [], model, title: 'small/model' });
  expect(all.map(({ path, reference, here }) => [path, reference, here])).toEqual([
    ['l0', undefined, undefined],
    ['l9', undefined, undefined],
    ['z.pt', `hf:someone/pickles@${commit}:z.pt`, undefined],
  ]);
  expect(all[0]).toMatchObject({ dSae: 64, bytes: 500, problem: undefined });
  expect(all[1]!.problem).toMatch(/reads layer 9; this model has 2 layers, 0 to 1/);
  expect(all[2]!.problem).toBe('Convert it.');
});

test('after a look the files say it, and what the list does not have is added', () => {
  const id = `hf:someone/saes@${commit}`;
  const seen = look(
    id,
    ['l0/cfg.json', 'l0/sae.safetensors'],
    [
      dictionary('l0', 'blocks.0.hook_resid_pre', { dIn: 8, dSae: 128, modelName: 'other' }),
      dictionary('wide', 'blocks.1.hook_resid_pre', { dIn: 16 }),
      dictionary('broken', 'blocks.1.hook_resid_pre', {
        refusal: { code: 'bad-file', message: 'It is cut short.', hint: 'Fetch it again.' },
      }),
    ],
  );
  const all = candidates({ sets, looks: [seen], model, title: 'small/model' });
  const of = (path: string) => all.find((each) => each.path === path);
  expect(of('l0')).toMatchObject({
    reference: `${id}:l0`,
    here: true,
    dSae: 128,
    bytes: 1000,
    problem: undefined,
  });
  expect(of('l0')!.note).toMatch(/made for other, not for small\/model/);
  expect(of('l9')!.problem).toMatch(/does not hold it/);
  expect(of('wide')).toMatchObject({ reference: `${id}:wide`, here: false });
  expect(of('wide')!.problem).toMatch(/16 values per token .* this model has 8/);
  expect(of('broken')!.problem).toBe('It is cut short. Fetch it again.');
  expect(all.filter(({ path }) => path === 'l0')).toHaveLength(1);
});

test('a dictionary of one head, or of a transcoder, is not called a misfit for what its description leaves open', () => {
  const one = look(
    'local:0123456789abcdef',
    [],
    [
      dictionary('head', 'blocks.0.attn.hook_z', { dIn: 4 }),
      dictionary('transcoder', 'blocks.1.hook_resid_pre', { hookOut: 'blocks.1.hook_mlp_out' }),
      dictionary('astray', 'blocks.1.hook_resid_pre', { hookOut: 'blocks.1.hook_nowhere' }),
    ],
  );
  const all = candidates({ sets: [], looks: [one], model, title: 'small/model' });
  expect(all.map(({ problem }) => problem === undefined)).toEqual([true, true, false]);
});

test('search', () => {
  const all = candidates({ sets, looks: [], title: 'small/model' });
  expect(filterCandidates(all, 'resid blocks.9').map(({ path }) => path)).toEqual(['l9']);
  expect(filterCandidates(all, 'pickles')).toHaveLength(1);
  expect(filterCandidates(all, 'undefined')).toEqual([]);
});
