import { afterEach, expect, test, vi } from 'vitest';
import type { Contender, Prepared } from './contender.ts';
import { runRounds, USUAL_ROUNDS } from './rounds.ts';

const order: string[] = [];

function prepared(name: string, values: number[] | undefined): Prepared {
  return {
    answer: async () => values && { values },
    run: async () => order.push(name),
    dispose: () => order.push(`${name} gone`),
  };
}

const contender = (name: string, ways: Record<string, number[] | undefined | Error>): Contender => ({
  name,
  kind: 'webgpu',
  ours: name === 'ours',
  decode: () =>
    Object.fromEntries(
      Object.entries(ways).map(([way, answer]) => [
        way,
        async () => {
          if (answer instanceof Error) throw answer;
          return prepared(name, answer);
        },
      ]),
    ),
  dispose: () => {},
});

const run = (contenders: readonly Contender[]) => {
  order.length = 0;
  return runRounds(
    Object.fromEntries(contenders.map((each) => [each.name, async () => each])),
    (each) => (each.decode as () => ReturnType<NonNullable<Contender['decode']>>)?.(),
    { ...USUAL_ROUNDS, least: 3, most: 3 },
    () => {},
  );
};

test('everyone runs in turn, after all are warm', async () => {
  const outcomes = await run([contender('reference', { only: [1, 2] }), contender('ours', { only: [1, 2] })]);
  const turns = order.filter((name) => !name.endsWith('gone')).slice(-6);
  expect(turns).toEqual(['reference', 'ours', 'reference', 'ours', 'reference', 'ours']);
  expect(outcomes.map(({ times }) => times.length)).toEqual([3, 3]);
  expect(order.slice(-2)).toEqual(['reference gone', 'ours gone']);
});

test('whoever takes too long is not run again', async () => {
  const contenders = [contender('reference', { only: [1, 2] }), contender('ours', { only: [1, 2] })];
  order.length = 0;
  const outcomes = await runRounds(
    Object.fromEntries(contenders.map((each) => [each.name, async () => each])),
    (each) => (each.decode as () => ReturnType<NonNullable<Contender['decode']>>)?.(),
    { ...USUAL_ROUNDS, least: 3, most: 3, onceMs: -1 },
    () => {},
  );
  expect(order).toEqual(['reference gone', 'ours gone']);
  expect(outcomes.map(({ times, firstMs }) => times[0] === firstMs && times.length)).toEqual([1, 1]);
});

test('another answer gets no time, and says so', async () => {
  const [, wrong] = await run([
    contender('reference', { only: [1, 2] }),
    contender('ours', { only: [1, 2.1] }),
  ]);
  expect(wrong!.times).toEqual([]);
  expect(wrong!.refused.only).toContain('differs by 0.05');
});

test('a right way counts where another fails or is wrong', async () => {
  const ways = { broken: new Error('no such operator'), wrong: [2, 2], right: [1, 2] };
  const [, found] = await run([contender('reference', { only: [1, 2] }), contender('other', ways)]);
  expect(found).toMatchObject({ way: 'right', difference: 0, refused: { broken: 'no such operator' } });
  expect(Object.keys(found!.refused)).toEqual(['broken', 'wrong']);
  expect(found!.times).toHaveLength(3);
});

afterEach(() => vi.restoreAllMocks());

test('of several right ways the faster one counts', async () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const way = (name: string, ms: number) => async (): Promise<Prepared> => ({
    ...prepared(name, [1]),
    run: async () => (clock += ms),
  });
  for (const ways of [
    { slow: way('slow', 30), quick: way('quick', 2) },
    { quick: way('quick', 2), slow: way('slow', 30) },
  ]) {
    order.length = 0;
    const other = { ...contender('other', {}), decode: () => ways };
    const [found] = await run([other]);
    expect(found).toMatchObject({ way: 'quick', times: [2, 2, 2] });
    expect(order).toEqual(['slow gone', 'quick gone']);
  }
});

test('who is slow runs less often', async () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const lasting = (name: string, ms: number): Contender => ({
    ...contender(name, {}),
    decode: () => ({ only: async () => ({ ...prepared(name, [1]), run: async () => (clock += ms) }) }),
  });
  order.length = 0;
  const outcomes = await runRounds(
    { slow: async () => lasting('slow', 30_000), quick: async () => lasting('quick', 1) },
    (each) => (each.decode as () => ReturnType<NonNullable<Contender['decode']>>)(),
    USUAL_ROUNDS,
    () => {},
  );
  expect(outcomes.map(({ times }) => times.length)).toEqual([3, 7]);
});

test('what was checked already is not compared', async () => {
  const [own] = await run([contender('ours', { only: undefined })]);
  expect(own!.difference).toBeUndefined();
  expect(own!.times).toHaveLength(3);
});

test('whoever cannot do it, or cannot be opened, is left out', async () => {
  const broken = async (): Promise<Contender> => {
    throw new Error('no device');
  };
  const outcomes = await runRounds(
    { broken },
    () => undefined,
    USUAL_ROUNDS,
    () => {},
  );
  expect(outcomes).toEqual([]);
});
