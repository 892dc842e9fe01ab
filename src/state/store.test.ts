import { beforeEach, expect, test, vi } from 'vitest';
import type { BackendChoice } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { usePage } from './store.ts';

const engine = vi.hoisted(() => ({
  /** What was asked of the engine, in order. */
  asked: [] as string[],
  /** Lets a change of backend end. */
  changed: () => {},
}));

vi.mock('./engine.ts', () => {
  const client = {
    useBackend: (backend: BackendChoice) => {
      engine.asked.push(backend);
      return new Promise<void>((done) => (engine.changed = done));
    },
    open: () => {
      engine.asked.push('open');
      return new Promise(() => {});
    },
  };
  return { onEngineTrouble: () => {}, runningEngine: () => client, theEngine: () => client };
});
vi.stubGlobal('document', { addEventListener: () => {} });
vi.stubGlobal('location', { hash: '', search: '' });

const phase = () => usePage.getState().phase;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));

beforeEach(() => {
  engine.asked.length = 0;
  usePage.setState({ phase: 'failed', failure: new FacetError('device-lost', 'Gone.') });
});

test('a change of backend shows at once that the page is loading, and opens once the change is made', async () => {
  void usePage.getState().computeOn('cpu');
  expect(phase()).toBe('loading');
  expect(usePage.getState().failure).toBeUndefined();
  await settle();
  expect(engine.asked).toEqual(['cpu']);
  engine.changed();
  await vi.waitFor(() => expect(engine.asked).toEqual(['cpu', 'open']));
});

test('loading that is stopped before the backend has changed opens nothing', async () => {
  const done = usePage.getState().computeOn('cpu');
  usePage.getState().cancelLoading();
  engine.changed();
  await done;
  expect(phase()).toBe('failed');
  expect(engine.asked).toEqual(['cpu']);
});

test('of two changes of backend the newer opens, and it alone', async () => {
  const first = usePage.getState().computeOn('webgpu');
  const changed = engine.changed;
  void usePage.getState().computeOn('cpu');
  changed();
  await first;
  expect(engine.asked).toEqual(['webgpu', 'cpu']);
  engine.changed();
  await vi.waitFor(() => expect(engine.asked).toEqual(['webgpu', 'cpu', 'open']));
});
