import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_INTERVENTIONS } from '../../analysis/steering/intervention.ts';
import { FacetError } from '../../shared/errors.ts';
import { checkAsked } from './asked.ts';

const scope = { kind: 'text' };
const add = { kind: 'add', dictionary: 'd', feature: 3, strength: -2, unit: 0.5, scope };
const head = { kind: 'head', layer: 0, head: 1 };
const latent = { kind: 'latent', dictionary: 'd', feature: 0 };
const patch = { kind: 'patch', target: head, text: '', align: 'start', scope };

const GOOD: object[] = [
  add,
  { ...add, layers: [0, 3] },
  { ...add, dictionary: { id: 'local:1', title: '', files: [] }, scope: { kind: 'rows', ranges: [[0, 0], [2, 9]] } },
  { ...add, kind: 'clamp', scope: { kind: 'generated' } },
  { kind: 'scale', target: latent, factor: -1e6, scope: { kind: 'special' } },
  { kind: 'scale', target: head, factor: 0, scope: { kind: 'all' } },
  { kind: 'ablate', target: { kind: 'hook', hook: 'hook_embed' }, with: 'mean', scope: { kind: 'prompt' } },
  patch,
  { kind: 'splice', dictionary: 'd', error: true, scope },
]; // oxfmt-ignore

test('what may be asked comes through as it is', () => {
  expect(checkAsked(GOOD)).toEqual(GOOD);
  expect(checkAsked([])).toEqual([]);
});

const BAD: [string, unknown][] = [
  ['no list', {}],
  ['nothing', undefined],
  ['too many', Array.from({ length: MOST_INTERVENTIONS + 1 }, () => add)],
  ['an unknown kind', [{ ...add, kind: 'steer' }]],
  ['no scope', [{ ...add, scope: undefined }]],
  ['an unknown scope', [{ ...add, scope: { kind: 'even' } }]],
  ['ranges out of order', [{ ...add, scope: { kind: 'rows', ranges: [[4, 6], [0, 1]] } }]],
  ['ranges that overlap', [{ ...add, scope: { kind: 'rows', ranges: [[0, 4], [4, 5]] } }]],
  ['a range backwards', [{ ...add, scope: { kind: 'rows', ranges: [[4, 3]] } }]],
  ['half a row', [{ ...add, scope: { kind: 'rows', ranges: [[0.5, 3]] } }]],
  ['too many ranges', [{ ...add, scope: { kind: 'rows', ranges: Array.from({ length: 2e4 }, (_, i) => [2 * i, 2 * i]) } }]],
  ['a feature below 0', [{ ...add, feature: -1 }]],
  ['a feature that is no number', [{ ...add, feature: '3' }]],
  ['no strength', [{ ...add, strength: NaN }]],
  ['an endless strength', [{ ...add, strength: Infinity }]],
  ['a strength beyond f32', [{ ...add, strength: 1e39 }]],
  ['a unit of 0', [{ ...add, unit: 0 }]],
  ['an endless unit', [{ ...add, unit: Infinity }]],
  ['layers backwards', [{ ...add, layers: [3, 0] }]],
  ['no dictionary', [{ ...add, dictionary: null }]],
  ['an endless factor', [{ kind: 'scale', target: latent, factor: -Infinity, scope }]],
  ['an unknown target', [{ kind: 'scale', target: { kind: 'layer', layer: 0 }, factor: 1, scope }]],
  ['a head below 0', [{ kind: 'ablate', target: { ...head, head: -1 }, with: 'zero', scope }]],
  ['an unknown replacement', [{ kind: 'ablate', target: head, with: 'noise', scope }]],
  ['a patched latent', [{ ...patch, target: latent }]],
  ['a patch without a text', [{ ...patch, text: 5 }]],
  ['a patch with a book', [{ ...patch, text: 'x'.repeat(2 ** 20 + 1) }]],
  ['a splice that does not say', [{ kind: 'splice', dictionary: 'd', scope }]],
]; // oxfmt-ignore

const codeOf = (asked: unknown): string => {
  try {
    checkAsked(asked);
    return 'none';
  } catch (thrown) {
    return thrown instanceof FacetError ? thrown.code : String(thrown);
  }
};

test.each(BAD)('refused: %s', (_, asked) => expect(codeOf(asked)).toBe('bad-input'));

test('whatever is sent is taken or refused as bad input', () => {
  const anything = fc.anything();
  const almost = fc.record({ kind: fc.constantFrom('add', 'clamp', 'scale', 'ablate', 'patch', 'splice'), scope: anything, target: anything, dictionary: anything }); // oxfmt-ignore
  fc.assert(
    fc.property(fc.oneof(anything, fc.array(almost)), (asked) => {
      expect(['none', 'bad-input']).toContain(codeOf(asked));
    }),
  );
});
