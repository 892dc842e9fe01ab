import { beforeEach, expect, test, vi } from 'vitest';
import type { TuningReport } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { useTuning } from './tuning.ts';

const engine = vi.hoisted(() => ({
  answers: [] as ((report: unknown) => void)[],
  asked: [] as string[],
  refuse: undefined as unknown,
}));
vi.mock('./engine.ts', () => ({
  runningEngine: () => ({
    diagnostics() {
      engine.asked.push('look');
      return new Promise((answer, fail) => {
        if (engine.refuse) fail(engine.refuse);
        engine.answers.push((tuning) => answer({ tuning }));
      });
    },
    setTuning(on: boolean) {
      engine.asked.push(`set ${on}`);
      return Promise.resolve();
    },
  }),
}));

const report = (waiting: number): TuningReport => ({ on: true, able: true, waiting, classes: [] });
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));

beforeEach(() => {
  engine.answers.length = 0;
  engine.asked.length = 0;
  engine.refuse = undefined;
  useTuning.setState({ report: undefined, problem: undefined });
});

test('the newest answer counts, in whatever order they come', async () => {
  const both = [useTuning.getState().look(), useTuning.getState().look()];
  engine.answers[1]!(report(1));
  engine.answers[0]!(report(2));
  await Promise.all(both);
  expect(useTuning.getState().report).toEqual(report(1));
});

test('turning it off is done before it is looked at', async () => {
  const done = useTuning.getState().allow(false);
  await settle();
  expect(engine.asked).toEqual(['set false', 'look']);
  engine.answers[0]!({ ...report(0), on: false });
  await done;
  expect(useTuning.getState().report?.on).toBe(false);
});

test('a failure is shown, and gone with the next answer', async () => {
  engine.refuse = new FacetError('bug', 'it broke');
  await useTuning.getState().look();
  expect(useTuning.getState().problem?.message).toBe('it broke');
  engine.refuse = undefined;
  const again = useTuning.getState().look();
  engine.answers.at(-1)!(report(0));
  await again;
  expect(useTuning.getState().problem).toBeUndefined();
});
