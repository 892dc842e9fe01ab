import { expect, test } from 'vitest';
import { decodeLink } from './link.ts';

test('times of the Speed view are read under the names that links in the wild have', async () => {
  const view = (await decodeLink('#/bench?timed=decode-64&times=abc'))?.view;
  expect([view?.times, view?.timed]).toEqual(['abc', ['decode-64']]);
});
