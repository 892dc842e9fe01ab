import { beforeEach, expect, test, vi } from 'vitest';
import type { LayerRoles, OpenedModel, RolesRequest } from '../engine/protocol.ts';
import { headDictionary, useRoles } from './roles.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

interface Call {
  request: RolesRequest;
  signal: AbortSignal;
  partial: (roles: LayerRoles) => void;
  answer: (roles: LayerRoles) => void;
  fail: (thrown: unknown) => void;
}
const calls: Call[] = [];
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => ({
    heads: {
      roles: (
        request: RolesRequest,
        { signal, onPartial }: { signal: AbortSignal; onPartial: Call['partial'] },
      ) =>
        new Promise<LayerRoles>((answer, fail) =>
          calls.push({ request, signal, partial: onPartial, answer, fail }),
        ),
    },
  }),
}));
vi.stubGlobal('document', { addEventListener: () => {} });

const dictionaries = [
  { id: 'resid', title: '', hook: 'blocks.0.hook_resid_pre', bytes: 0 },
  ...[0, 1, 2].map((layer) => ({
    id: `z${layer}`,
    title: '',
    hook: `blocks.${layer}.attn.hook_z`,
    bytes: 0,
  })),
];
const opened = { model: { digest: 'm', nLayers: 4 }, dictionaries } as unknown as OpenedModel;
const roles = (layer: number): LayerRoles => ({ layer, heads: [] }) as unknown as LayerRoles;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const look = (layer: number | null): void => usePage.setState({ view: { ...defaultView, layer, head: 0 } });

beforeEach(() => {
  calls.length = 0;
  useRoles.getState().stop();
  useRoles.setState({
    model: '',
    layers: {},
    waiting: [],
    stopped: [],
    running: undefined,
    problem: undefined,
  });
  usePage.setState({ phase: 'ready', opened });
  look(null);
});

test('the current dictionary is preferred, if it reads the layer’s heads', () => {
  const other = { ...dictionaries[1]!, id: 'mine' };
  const both = { dictionaries: [...dictionaries, other] };
  expect(headDictionary(both, 0)?.id).toBe('z0');
  expect(headDictionary({ ...both, dictionary: { id: 'mine' } as OpenedModel['dictionary'] }, 0)?.id).toBe(
    'mine',
  );
  expect(headDictionary(both, 3)).toBeUndefined();
});

test('a layer is measured when it is looked at, once, with what there is so far', async () => {
  const end = useRoles.getState().follow();
  expect(calls).toHaveLength(0);
  look(1);
  await settle();
  expect(calls[0]!.request).toEqual({ dictionary: 'z1', corpus: { seed: 11, items: 40 }, owned: 'half' });
  calls[0]!.partial(roles(1));
  expect(useRoles.getState().layers[1]).toEqual({ roles: roles(1), complete: false, dictionary: 'z1' });
  calls[0]!.answer(roles(1));
  await settle();
  expect(useRoles.getState().layers[1]!.complete).toBe(true);
  expect(useRoles.getState().running).toBeUndefined();
  look(null);
  look(1);
  await settle();
  expect(calls).toHaveLength(1);
  end();
});

test('all layers follow each other, the one that is looked at first', async () => {
  const end = useRoles.getState().follow();
  useRoles.getState().measure([0, 1, 2]);
  await settle();
  look(2);
  calls[0]!.answer(roles(0));
  await settle();
  calls[1]!.answer(roles(2));
  await settle();
  calls[2]!.answer(roles(1));
  await settle();
  expect(calls.map(({ request }) => request.dictionary)).toEqual(['z0', 'z2', 'z1']);
  expect(Object.keys(useRoles.getState().layers)).toEqual(['0', '1', '2']);
  end();
});

test('a stop keeps what there is and is not undone by looking', async () => {
  const end = useRoles.getState().follow();
  look(0);
  await settle();
  calls[0]!.partial(roles(0));
  useRoles.getState().stop();
  expect(calls[0]!.signal.aborted).toBe(true);
  calls[0]!.fail(new Error('late'));
  await settle();
  expect(useRoles.getState()).toMatchObject({ running: undefined, problem: undefined });
  expect(useRoles.getState().layers[0]!.complete).toBe(false);
  look(null);
  look(0);
  await settle();
  expect(calls).toHaveLength(1);
  useRoles.getState().measure([0]);
  await settle();
  expect(calls).toHaveLength(2);
  end();
});

test('another model begins anew, and so does another number of texts', async () => {
  const end = useRoles.getState().follow();
  look(0);
  await settle();
  calls[0]!.answer(roles(0));
  await settle();
  useRoles.getState().setItems(160);
  await settle();
  expect(useRoles.getState().layers).toEqual({});
  expect(calls[1]!.request.corpus.items).toBe(160);
  usePage.setState({ opened: { ...opened, model: { ...opened.model, digest: 'other' } } });
  expect(calls[1]!.signal.aborted).toBe(true);
  await settle();
  expect(calls).toHaveLength(3);
  end();
});

test('roles of one dictionary do not stand for those of another on the same heads', async () => {
  const end = useRoles.getState().follow();
  look(0);
  await settle();
  calls[0]!.answer(roles(0));
  await settle();
  expect(useRoles.getState().layers[0]!.dictionary).toBe('z0');
  const mine = { ...dictionaries[1]!, id: 'mine' };
  const other = { ...opened, dictionaries: [...dictionaries, mine] };
  usePage.setState({ opened: { ...other, dictionary: mine as unknown as OpenedModel['dictionary'] } });
  expect(useRoles.getState().layers[0]).toBeUndefined();
  await settle();
  expect(calls[1]!.request.dictionary).toBe('mine');
  calls[1]!.answer(roles(0));
  await settle();
  // A dictionary of another layer says nothing against them.
  const next = dictionaries[2] as unknown as OpenedModel['dictionary'];
  usePage.setState({ opened: { ...other, dictionary: next } });
  expect(useRoles.getState().layers[0]!.dictionary).toBe('mine');
  expect(calls).toHaveLength(2);
  end();
});

test('a failure is said and not repeated by itself', async () => {
  const end = useRoles.getState().follow();
  look(0);
  await settle();
  calls[0]!.fail(new Error('broken'));
  await settle();
  expect(useRoles.getState().problem?.message).toBe('broken');
  look(1);
  await settle();
  expect(calls).toHaveLength(1);
  end();
});
