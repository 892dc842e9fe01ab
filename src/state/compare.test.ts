import { beforeEach, expect, test, vi } from 'vitest';
import type { OpenedModel } from '../engine/protocol.ts';
import { useCompare } from './compare.ts';
import { usePage } from './store.ts';
import { defaultView, type ViewState } from './view-state.ts';

interface Call {
  what: string;
  request: Record<string, unknown>;
  answer: (found: unknown) => void;
}
const calls: Call[] = [];
vi.mock('./engine.ts', () => {
  const called =
    (what: string) =>
    (request: Call['request']): Promise<unknown> => {
      // The page looks for what is kept of its own texts, too.
      if (what === 'load' && request['seed'] === 1) return Promise.resolve(undefined);
      return new Promise((answer) => calls.push({ what, request, answer }));
    };
  return {
    onEngineTrouble: () => {},
    runningEngine: () => ({
      search: { byText: called('byText'), match: called('match') },
      scan: { load: called('load'), run: called('run') },
    }),
  };
});
vi.stubGlobal('document', { addEventListener: () => {} });

const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const opened = (digest: string): OpenedModel =>
  ({
    model: { digest: 'm' },
    adapter: { software: true },
    dictionaries: [],
    dictionary: { digest, dSae: 8, id: digest },
  }) as never;
const show = (view: Partial<ViewState>): void =>
  usePage.setState({ view: { ...usePage.getState().view, ...view } });

let end = (): void => {};
beforeEach(() => {
  end();
  calls.length = 0;
  usePage.setState({ phase: 'ready', opened: opened('other') });
  usePage.setState({
    opened: opened('d'),
    view: { ...defaultView, view: 'features', tab: 'compare', text: 'the prompt' },
  });
  end = useCompare.getState().follow();
});

test('the prompt is compared unless another text is typed', async () => {
  show({ against: 'b' });
  expect(calls[0]!.request).toMatchObject({ text: 'the prompt', against: 'b', rank: 'contrast' });
  show({ find: 'a' });
  expect(calls[1]!.request).toMatchObject({ text: 'a', against: 'b' });
  calls[1]!.answer({ firing: 1 });
  await settle();
  expect(useCompare.getState().texts.value).toMatchObject({ firing: 1 });
  show({ against: '' });
  expect(useCompare.getState().texts.value).toBeUndefined();
});

test('other texts are looked up, and read when asked to; reading is not interrupted by looking', async () => {
  show({ compare: 'corpora', versus: 'storyworld-2-10' });
  await settle();
  expect(calls[0]).toMatchObject({ what: 'load', request: { kind: 'storyworld', seed: 2, items: 10 } });
  calls[0]!.answer(undefined);
  await settle();
  expect(useCompare.getState().corpora.failure).toMatchObject({ code: 'not-found' });
  void useCompare.getState().readOther();
  await settle();
  expect(calls[1]).toMatchObject({ what: 'run', request: { corpus: { seed: 2 } } });
  show({ pins: [1] });
  await settle();
  expect(calls).toHaveLength(2);
  calls[1]!.answer({ id: 's' });
  await settle();
  expect(useCompare.getState().corpora).toMatchObject({ value: { id: 's' }, running: false });
  show({ pins: [2] });
  await settle();
  expect(calls).toHaveLength(2);
});

test('a dictionary is matched on the view’s texts, anew for each', async () => {
  show({ compare: 'dictionaries', other: 'blocks.3.hook_resid_post' });
  await settle();
  expect(calls[0]!.request).toMatchObject({
    other: 'blocks.3.hook_resid_post',
    corpus: { seed: 1 },
    items: 40,
  });
  calls[0]!.answer({ latents: 8 });
  await settle();
  const first = useCompare.getState().match;
  expect(first.of).toBe(first.key);
  show({ other: 'blocks.0.hook_resid_pre' });
  await settle();
  const next = useCompare.getState().match;
  expect(next.of).not.toBe(next.key);
  expect(next.value).toMatchObject({ latents: 8 });
  usePage.setState({ opened: opened('e') });
  expect(useCompare.getState().match.value).toBeUndefined();
});
