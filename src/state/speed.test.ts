import { expect, test } from 'vitest';
import { benchWorkloads } from '../engine/bench/workloads.ts';
import type { SpeedResults } from '../exchange/speed-results.ts';
import { decodeLink, encodeLink } from './link.ts';
import { pack } from './packing.ts';
import { chosenIds, packTimes, unpackTimes } from './speed.ts';
import { defaultView } from './view-state.ts';
import { toWtf8 } from './wtf8.ts';

const results: SpeedResults = {
  made: 1_795_000_000_000,
  browser: 'Chrome 142 on Linux',
  backend: 'webgpu',
  adapter: {
    vendor: 'google',
    architecture: 'swiftshader',
    description: 'SwiftShader driver',
    software: true,
  },
  clock: 'device',
  model: { id: 'storyworld-2m', digest: '0123456789abcdef' },
  rounds: 7,
  roof: { bytesPerSecond: 12_345_678_901, flopsPerSecond: 98_765_432_109 },
  rows: benchWorkloads.map(({ id, beside }, i) => ({
    id,
    checked: '',
    repeats: 3,
    ms: { median: 12 + i, lower: 11 + i, upper: 14.5 + i },
    flops: 123_456_789 * (i + 1),
    bytes: 9_876_543 * (i + 1),
    ...(beside && { ratio: { to: beside, median: 0.5, lower: 0.25, upper: 1.5 } }),
  })),
};

test('times of everything there is fit a link that people can send, and come back', async () => {
  const packed = await packTimes(results);
  expect(packed.length).toBeLessThan(1_600);
  const link = await encodeLink({ ...defaultView, view: 'bench', timed: ['decode-64'], times: packed });
  const { view, notes } = (await decodeLink(link))!;
  expect(notes).toEqual([]);
  expect(view.timed).toEqual(['decode-64']);
  const back = await unpackTimes(view.times);
  expect(back.rows).toEqual(results.rows);
  expect(back.adapter).toEqual(results.adapter);
  expect(back.roof!.bytesPerSecond).toBeCloseTo(results.roof!.bytesPerSecond, -9);
});

test('what a link holds instead of times is refused with the way on', async () => {
  const bomb = await pack(new Uint8Array(200_000));
  const other = await pack(toWtf8('{"format":"facet-notes"}'));
  const cut = (await packTimes(results)).slice(0, 200);
  for (const packed of ['', 'AAAA', 'x'.repeat(8_000), bomb, other, cut])
    await expect(unpackTimes(packed)).rejects.toMatchObject({ code: 'bad-link' });
  await expect(decodeLink('#/bench?times=%3Cscript%3E')).rejects.toMatchObject({ code: 'bad-link' });
  await expect(decodeLink(`#/bench?times=${'a'.repeat(8_001)}`)).rejects.toMatchObject({ code: 'bad-link' });
  await expect(decodeLink('#/bench?timed=<b>')).rejects.toMatchObject({ code: 'bad-link' });
});

test('the usual choice leaves out what needs much memory; none is none', () => {
  const usual = chosenIds(null, benchWorkloads);
  expect(usual).toContain('encode-64');
  expect(usual).not.toContain('forward-smollm2');
  expect(chosenIds([], benchWorkloads)).toEqual([]);
  expect(chosenIds(['step-gpt2', 'nothing', 'block-64'], benchWorkloads)).toEqual(['block-64', 'step-gpt2']);
});
