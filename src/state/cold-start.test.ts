import { afterEach, expect, test } from 'vitest';
import { coldStart, reached } from './cold-start.ts';

afterEach(() => performance.clearMarks());

test('a stage is marked when it is first reached, and only then', async () => {
  expect(coldStart()).toEqual({ firstPaint: undefined, modelReady: undefined, firstFeatures: undefined });
  reached('modelReady');
  const { modelReady } = coldStart();
  expect(modelReady).toBeGreaterThan(0);
  reached('firstFeatures');
  reached('modelReady');
  const then = coldStart();
  expect(then.modelReady).toBe(modelReady);
  expect(then.firstFeatures).toBeGreaterThanOrEqual(modelReady!);
});
