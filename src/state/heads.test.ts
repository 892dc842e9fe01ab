import { beforeEach, expect, test, vi } from 'vitest';
import type { AblationEffects, Corpus, OpenedModel } from '../engine/protocol.ts';
import { useHeads } from './heads.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

interface Call {
  what: string;
  corpus?: Corpus;
  partial: (found: unknown) => void;
  answer: (found: unknown) => void;
}
const calls: Call[] = [];
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => {
    const called =
      (what: string) =>
      (request: { corpus?: Corpus }, { onPartial }: { onPartial: Call['partial'] }): Promise<unknown> =>
        new Promise((answer) => calls.push({ what, corpus: request.corpus, partial: onPartial, answer }));
    return { heads: { ablate: called('ablate'), ablateHere: called('ablateHere') } };
  },
}));
vi.stubGlobal('document', { addEventListener: () => {} });

const opened = { model: { digest: 'm' }, dictionaries: [] } as unknown as OpenedModel;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const effects = (corpus: Corpus, texts: number, ...rise: number[]): AblationEffects =>
  ({ corpus, texts, rise: Float32Array.from(rise) }) as unknown as AblationEffects;
const shown = (): AblationEffects | undefined => useHeads.getState().effects.value;

beforeEach(() => {
  calls.length = 0;
  usePage.setState({ phase: 'ready', opened: undefined });
  usePage.setState({
    opened,
    analysis: { tokens: [] } as never,
    analysing: false,
    view: { ...defaultView, text: 'one', ablated: [{ layer: 0, head: 1 }] },
  });
});

test('every partial answer is shown, whatever it does not know yet', async () => {
  void useHeads.getState().wantEffects();
  const [{ corpus, partial }] = calls as [Call];
  partial(effects(corpus!, 0, 0.1, NaN, NaN));
  expect([...shown()!.rise]).toHaveLength(3);
  partial(effects(corpus!, 1, 0.1, 0.2, NaN));
  expect(shown()!.texts).toBe(1);
});

test('a smaller sample stays until the larger has caught up', async () => {
  void useHeads.getState().wantEffects();
  calls[0]!.answer(effects(calls[0]!.corpus!, 16, 0.1, 0.2));
  await settle();
  void useHeads.getState().wantEffects(true);
  const [, { corpus, partial }] = calls as [Call, Call];
  expect(corpus).toMatchObject({ items: 64 });
  partial(effects(corpus!, 0, 0.3, NaN));
  expect(shown()!.texts).toBe(16);
  partial(effects(corpus!, 1, 0.3, 0.4));
  expect(shown()!.texts).toBe(1);
});

test('what answers another question does not outlive a stop', async () => {
  void useHeads.getState().wantAblated();
  calls[0]!.answer({ loss: new Float32Array(0) });
  await settle();
  usePage.setState({ view: { ...usePage.getState().view, ablated: [{ layer: 2, head: 3 }] } });
  void useHeads.getState().wantAblated();
  expect(useHeads.getState().ablated).toMatchObject({ running: true, value: {} });
  useHeads.getState().stop('ablated');
  expect(useHeads.getState().ablated).toMatchObject({ stopped: true, value: undefined });
});

test('a dictionary that reads another beginning of the text asks anew', async () => {
  void useHeads.getState().wantAblated();
  calls[0]!.answer({ loss: new Float32Array(0) });
  await settle();
  void useHeads.getState().wantAblated();
  expect(calls).toHaveLength(1);
  usePage.setState({ opened: { ...opened, dictionary: { prefix: 0 } as OpenedModel['dictionary'] } });
  void useHeads.getState().wantAblated();
  expect(calls).toHaveLength(2);
});
