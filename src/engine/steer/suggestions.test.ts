import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { effects } from '../../analysis/steering/effects.ts';
import { parseCatalogue } from '../../library/catalogue.ts';
import { FLUENCY_LIMIT } from '../../shared/steering-effect.ts';
import { parseSuggestions } from './suggestions.ts';

const MODEL = '0123456789abcdef';
const WEIGHTS = 'fedcba9876543210';
const file = (path: string, sha256: string) => ({ path, bytes: 1, sha256 });
const dictionaries = [
  {
    id: 'sae',
    hook: 'blocks.0.hook_resid_pre',
    title: 'Start',
    base: 'dictionaries/sae',
    dSae: 8,
    files: [file('cfg.json', 'a'.repeat(64)), file('sae_weights.safetensors', WEIGHTS.repeat(4))],
  },
];
const latent = {
  dictionary: 'sae',
  dictionaryDigest: WEIGHTS,
  feature: 7,
  effect: 'name',
  f1: 0.9,
  scope: 'all',
  strength: 1.5,
  unit: 4,
  baseRate: 0.01,
  rate: 0.1,
  ratioLow: 6,
  fluencyLoss: 0.1,
  selectivity: 0.3,
  tokens: 1000,
};
const table = { model: 'm', modelDigest: MODEL, method: 'By hand.', latents: [latent] };
const parse = (json: unknown) => parseSuggestions(json, { dictionaries }, MODEL);
const withLatent = (more: object) => parse({ ...table, latents: [{ ...latent, ...more }] });

test('a table is read for the model and the dictionaries it was measured with', () => {
  expect(parse(table)).toEqual(table);
  expect(parse({ ...table, modelDigest: WEIGHTS })).toBeUndefined();
  expect(withLatent({ dictionaryDigest: MODEL })).toBeUndefined();
  expect(withLatent({ dictionary: 'other' })).toBeUndefined();
  expect(withLatent({ feature: 8 })).toBeUndefined();
  const both = parse({ ...table, latents: [{ ...latent, dictionary: 'other' }, latent] });
  expect(both!.latents).toEqual([latent]);
});

test('what is no table is refused by name', () => {
  for (const json of [undefined, 1, [], {}, { ...table, latents: {} }, { ...table, modelDigest: 'x' }])
    expect(() => parse(json)).toThrow('steering.json is wrong');
  expect(() => parse({ ...table, latents: Array.from({ length: 1_001 }, () => latent) })).toThrow('latents');
  const wrong = {
    feature: -1, effect: 'nothing', strength: NaN, unit: 0, baseRate: 2, rate: '1', ratioLow: -1, fluencyLoss: -2,
    selectivity: Infinity, tokens: 1.5, dictionary: 'x'.repeat(201), dictionaryDigest: '', f1: null, scope: 'rows',
  }; // oxfmt-ignore
  for (const [field, value] of Object.entries(wrong))
    expect(() => withLatent({ [field]: value }), field).toThrow(`latents.0.${field}`);
});

test('the table that ships belongs to what ships, and holds what it is for', () => {
  const json = (path: string): unknown => JSON.parse(readFileSync(`public/${path}`, 'utf8'));
  const [model] = parseCatalogue(json('catalogue.json')).models;
  const weights = model!.files.find(({ path }) => path === 'model.safetensors')!;
  const shipped = parseSuggestions(
    json('models/storyworld-2m/steering.json'),
    model!,
    weights.sha256.slice(0, 16),
  )!;
  expect(shipped.latents.length).toBeGreaterThanOrEqual(15);
  expect(new Set(shipped.latents.map(({ dictionary, feature }) => `${dictionary} ${feature}`)).size).toBe(
    shipped.latents.length,
  );
  expect(new Set(shipped.latents.map(({ effect }) => effect)).size).toBeGreaterThanOrEqual(8);
  for (const { rate, baseRate, ratioLow, fluencyLoss, effect } of shipped.latents) {
    expect(rate / baseRate).toBeGreaterThanOrEqual(3);
    expect(ratioLow).toBeGreaterThanOrEqual(1.5);
    expect(rate / baseRate).toBeGreaterThanOrEqual(ratioLow);
    expect(fluencyLoss).toBeLessThan(FLUENCY_LIMIT - 1);
    expect(effects.map(({ id }) => id)).toContain(effect);
  }
});
