import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { roundToFloat16 } from '../../testing/f16.ts';
import { TestRandom } from '../../testing/random.ts';
import { activationReference } from '../reference/activation.ts';
import { addReference } from '../reference/add.ts';
import { embedReference } from '../reference/embed.ts';
import { sliceColumnsReference } from '../reference/slice_columns.ts';
import { activate } from './activation.ts';
import { add } from './add.ts';
import { embed } from './embed.ts';
import { putColumns, sliceColumns } from './slice_columns.ts';

export const cases = gpuCases('elementwise', {
  'activations over the whole range': async (gpu) => {
    const x = new Float32Array(404).map((_, i) =>
      i < 400 ? (i - 200) / 20 : [-1e4, 1e4, -3e38, 60][i - 400]!,
    );
    using xs = gpu.upload(x, [4, 101]);
    for (const activation of ['relu', 'gelu', 'gelu_new', 'silu'] as const) {
      const batch = gpu.batch('activation');
      const { arrays } = await batch.submit([activate(batch, { x: xs, activation })]);
      const expected = Array.from(x, (value) => activationReference(value, activation));
      // Judged below 1e4 by absolute error, above by equality.
      expectClose(arrays[0]!.slice(0, 400), expected.slice(0, 400), { absolute: 2e-6 }, activation);
      expectClose(arrays[0]!.slice(400), expected.slice(400), { absolute: 1e-6, relative: 1e-6 }, activation);
    }
  },
  'addition, sizes that do not divide by 4': async (gpu) => {
    for (const size of [1, 3, 4, 65, 1000]) {
      const [a, b] = [new TestRandom(size).normal(size), new TestRandom(size + 1).normal(size)];
      using left = gpu.upload(a, [size]);
      using right = gpu.upload(b, [size]);
      const batch = gpu.batch('add');
      const { arrays } = await batch.submit([add(batch, { a: left, b: right })]);
      expectClose(arrays[0]!, addReference(a, b), { relative: 1e-7 });
    }
  },
  'addition of more elements than one dispatch row': async (gpu) => {
    const size = 70_000 * 4;
    const a = new TestRandom(1).normal(size);
    using left = gpu.upload(a, [size]);
    const batch = gpu.batch('add');
    const { arrays } = await batch.submit([add(batch, { a: left, b: left })]);
    expectEqual(
      arrays[0]!,
      a.map((value) => 2 * value),
    );
  },
  'embedding rows, positions and their sum': async (gpu) => {
    const [d, vocabulary, context] = [12, 7, 9];
    const random = new TestRandom(3);
    const tokens = roundToFloat16(random.normal(vocabulary * d));
    const positions = roundToFloat16(random.normal(context * d));
    const ids = Uint32Array.from([0, 6, 3, 3, 1]);
    for (const packed of [false, true]) {
      using tokenRows = gpu.upload(packed ? tokens.bits : tokens.rounded, [vocabulary, d]);
      using positionRows = gpu.upload(packed ? positions.bits : positions.rounded, [context, d]);
      using idTensor = gpu.upload(ids, [ids.length]);
      const batch = gpu.batch('embed');
      const both = embed(batch, {
        ids: idTensor,
        tokens: tokenRows,
        positions: positionRows,
        positionOffset: 2,
      });
      const rows = embed(batch, { ids: idTensor, tokens: tokenRows, positionOffset: 0 });
      const places = embed(batch, { ids: idTensor, positions: positionRows, positionOffset: 4 });
      const { arrays } = await batch.submit([both, rows, places]);
      const expected = (which: { tokens?: Float32Array; positions?: Float32Array; positionOffset: number }) =>
        embedReference(ids, d, which);
      expectClose(
        arrays[0]!,
        expected({ tokens: tokens.rounded, positions: positions.rounded, positionOffset: 2 }),
        { absolute: 1e-6 },
      );
      expectClose(arrays[1]!, expected({ tokens: tokens.rounded, positionOffset: 0 }), {});
      expectClose(arrays[2]!, expected({ positions: positions.rounded, positionOffset: 4 }), {});
    }
  },
  'an embedding in parts, scaled, is the whole one': async (gpu) => {
    const [d, vocabulary] = [8, 11];
    const rows = new TestRandom(6).normal(vocabulary * d);
    const ids = Uint32Array.from([10, 0, 3, 4, 9, 4, 4_000_000_000, 7]);
    using whole = gpu.upload(rows, [vocabulary, d]);
    using places = gpu.upload(new TestRandom(7).normal(ids.length * d), [ids.length, d]);
    using idTensor = gpu.upload(ids, [ids.length]);
    const parts = [0, 4, 5, 10].map((start, i, starts) => {
      const end = starts[i + 1] ?? vocabulary;
      return gpu.upload(rows.slice(start * d, end * d), [end - start, d]);
    });
    const batch = gpu.batch('embed');
    const common = { ids: idTensor, positions: places, positionOffset: 0, scale: 2.5 };
    const { arrays } = await batch.submit([
      embed(batch, { ...common, tokens: whole }),
      embed(batch, { ...common, tokens: parts }),
      embed(batch, { ids: idTensor, tokens: parts, positionOffset: 0, scale: 2.5 }),
    ]);
    expectEqual(arrays[1]!, arrays[0]!, 'with positions');
    const scaled = embedReference(
      ids.map((id) => Math.min(id, vocabulary - 1)),
      d,
      { tokens: rows, positionOffset: 0 },
    );
    expectClose(
      arrays[2]!,
      scaled.map((value) => 2.5 * value),
      { absolute: 1e-6 },
      'scaled',
    );
    parts.forEach((part) => part.dispose());
  },
  'an id outside the matrix reads its last row': async (gpu) => {
    const rows = new TestRandom(4).normal(3 * 4);
    using table = gpu.upload(rows, [3, 4]);
    using ids = gpu.upload(Uint32Array.from([4_000_000_000]), [1]);
    const batch = gpu.batch('embed');
    const { arrays } = await batch.submit([embed(batch, { ids, tokens: table, positionOffset: 0 })]);
    expectEqual(arrays[0]!, rows.slice(8));
  },
  'column ranges': async (gpu) => {
    const x = new TestRandom(5).normal(5 * 36);
    using xs = gpu.upload(x, [5, 36]);
    for (const [from, count] of [
      [0, 36],
      [12, 12],
      [32, 4],
    ] as const) {
      const batch = gpu.batch('slice');
      const { arrays } = await batch.submit([sliceColumns(batch, { x: xs, from, count })]);
      expectEqual(arrays[0]!, sliceColumnsReference(x, 36, from, count));
    }
  },
  'column ranges put into another matrix, the rest of which stays': async (gpu) => {
    const x = new TestRandom(6).normal(5 * 36);
    const other = new TestRandom(7).normal(9 * 20);
    using xs = gpu.upload(x, [5, 36]);
    for (const [from, count, row, column] of [
      [0, 20, 0, 0],
      [12, 12, 4, 8],
      [32, 4, 3, 16],
    ] as const) {
      using y = gpu.upload(other, [9, 20]);
      const batch = gpu.batch('put');
      putColumns(batch, { x: xs, from, count }, { y, row, column });
      const { arrays } = await batch.submit([y]);
      const taken = sliceColumnsReference(x, 36, from, count);
      const expected = other.map((value, i) => {
        const [r, c] = [Math.floor(i / 20) - row, (i % 20) - column];
        return r >= 0 && r < 5 && c >= 0 && c < count ? taken[r * count + c]! : value;
      });
      expectEqual(arrays[0]!, expected);
    }
  },
});
