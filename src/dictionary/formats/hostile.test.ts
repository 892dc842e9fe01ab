import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../../shared/errors.ts';
import type { FileDType, TensorInfo, TensorReader } from '../../shared/tensor-file.ts';
import attention from '../goldens/attention-output.json';
import learning from '../goldens/dictionary-learning.json';
import scope2 from '../goldens/gemma-scope-2.json';
import scope from '../goldens/gemma-scope.json';
import openai from '../goldens/openai.json';
import saeLens from '../goldens/sae-lens.json';
import sparsify from '../goldens/sparsify.json';
import { formatOf } from './index.ts';

const goldens = [...saeLens, ...sparsify, ...learning, ...scope, ...scope2, ...openai, ...attention];

/** The header of a safetensors file. */
function header(weights: string): [string, TensorInfo][] {
  const bytes = Uint8Array.from(atob(weights), (character) => character.charCodeAt(0));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    TensorInfo
  >;
  return Object.entries(json).filter(([name]) => name !== '__metadata__');
}

const headers = goldens.map(({ weights }) => header(weights));

/** Claims tensors of any shape, and counts how many elements are asked of it. */
class ClaimedTensors implements TensorReader {
  asked = 0;
  constructor(private readonly tensors: ReadonlyMap<string, TensorInfo>) {}
  names(): string[] {
    return [...this.tensors.keys()];
  }
  info(name: string): TensorInfo | undefined {
    return this.tensors.get(name);
  }
  async read(_: string, from = 0, to = 0): Promise<Uint8Array<ArrayBuffer>> {
    this.asked += to - from;
    return new Uint8Array(Math.min(64, 4 * Math.max(0, to - from)));
  }
}

const DTYPES: FileDType[] = ['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'U8', 'BOOL'];
const change = fc.record({
  golden: fc.nat(goldens.length - 1),
  key: fc.nat(40),
  value: fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(0, -1, 2 ** 31, 2 ** 53, 1e300, '__proto__', 'constructor'),
  ),
  tensor: fc.nat(12),
  shape: fc.option(
    fc.array(fc.oneof(fc.nat(40), fc.constantFrom(2 ** 20, 2 ** 31, 2 ** 40)), { maxLength: 4 }),
  ),
  dtype: fc.option(fc.constantFrom(...DTYPES)),
  drops: fc.boolean(),
  path: fc.option(fc.string()),
});

/** The same configuration with one of its values, however deep, replaced or left out. */
function altered(config: unknown, key: number, value: unknown, drops: boolean): unknown {
  if (typeof config !== 'object' || config === null) return value;
  const copy = structuredClone(config) as Record<string, unknown>;
  const places: [Record<string, unknown>, string][] = [];
  const visit = (object: Record<string, unknown>): void => {
    for (const [name, inner] of Object.entries(object)) {
      places.push([object, name]);
      if (typeof inner === 'object' && inner !== null) visit(inner as Record<string, unknown>);
    }
  };
  visit(copy);
  const [object, name] = places[key % places.length]!;
  if (drops) delete object[name];
  else object[name] = value;
  return copy;
}

describe('files that lie', () => {
  test('are a record or a FacetError, and nothing large is read before all of them was checked', async () => {
    await fc.assert(
      fc.asyncProperty(change, async ({ golden, key, value, tensor, shape, dtype, drops, path }) => {
        const given = goldens[golden]!;
        const tensors = new Map(headers[golden]);
        const [name, info] = headers[golden]![tensor % headers[golden]!.length]!;
        if (shape || dtype) tensors.set(name, { dtype: dtype ?? info.dtype, shape: shape ?? info.shape });
        else if (drops) tensors.delete(name);
        const weights = new ClaimedTensors(tensors);
        const config = given.config ? altered(given.config, key, value, drops) : undefined;
        const files = {
          config,
          weights,
          path: path ?? given.path,
          repository: given.repository ?? undefined,
        };
        try {
          const record = await formatOf(files).read(files, 'file');
          for (const size of [record.dIn, record.dOut, record.dSae])
            expect(Number.isInteger(size) && size >= 1 && size <= 2 ** 21).toBe(true);
          expect(record.hook.length > 0 && record.hookOut.length > 0).toBe(true);
        } catch (error) {
          if (!(error instanceof FacetError)) throw error;
          expect(['bad-file', 'unsupported']).toContain(error.code);
        }
        expect(weights.asked).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });
});
