import { FacetError } from '../../shared/errors.ts';
import { bundledEngine } from '../../testing/bundled-engine.ts';
import { gpuCases } from '../../testing/cases.ts';
import { refusal } from '../../testing/refusal.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { Engine } from '../engine.ts';
import type { Asked, CompareRequest, LensRequest } from '../protocol.ts';

const nothing = (): void => {};
const text =
  'When Mary and John went to the store, John gave a drink to Mary. The war lasted from 1732 to 17';
const dictionary = 'blocks.2.hook_resid_pre';

function added(strength: number, more: { layers?: [number, number]; first?: number } = {}): Asked {
  const { layers, first = 5 } = more;
  const scope = { kind: 'rows', ranges: [[first, 1_000]] } as const;
  return { kind: 'add', dictionary, feature: 7, strength, unit: 10, layers, scope };
}

const request = (more: Partial<CompareRequest> = {}): CompareRequest => ({
  prompt: { kind: 'text', text },
  windowStart: 0,
  interventions: [added(1)],
  ...more,
});

let ticket = 100;

export const cases = gpuCases('comparing in the engine', {
  'the base is what a reading says; interventions begin where they act': async () => {
    const engine = await bundledEngine();
    const analysis = await engine.analyze({ text, windowStart: 0 }, ++ticket);
    const last = analysis.tokens.length - 1;
    for (const row of [undefined, 12, 10_000]) {
      const at = row === 12 ? 12 : last;
      const found = await engine.steer.compare(request({ row }), ++ticket);
      expectEqual([found.row, found.resumedAt, found.prefix], [at, 2, analysis.prefix]);
      expectEqual([found.totalTokens, found.windowStart], [analysis.totalTokens, analysis.windowStart]);
      if (found.tokens.join('|') !== analysis.tokens.map((token) => token.text).join('|'))
        throw new Error(found.tokens.join('|'));
      expectEqual(found.base.loss.subarray(1), analysis.loss.subarray(1), 'loss of the base');
      expectEqual(found.base.next.ids, analysis.next.ids.subarray(at * 10, at * 10 + 10), 'next tokens');
      expectEqual(
        found.base.next.probs,
        analysis.next.probs.subarray(at * 10, at * 10 + 10),
        'probabilities',
      );
      if (found.base.next.texts.join() !== analysis.next.texts.slice(at * 10, at * 10 + 10).join())
        throw new Error(found.base.next.texts.join());
      expectEqual(found.steered.kl.subarray(0, 5), new Float32Array(5), 'rows before the scope');
      if (!found.steered.kl.subarray(5).every((kl) => kl > 0)) throw new Error('nothing was steered');
      expectEqual([found.base.movers.length, found.steered.movers.length], [0, 20]);
    }
    for (const layer of [0, 3]) {
      const interventions = [added(1, { layers: [layer, layer] })];
      const found = await engine.steer.compare(request({ interventions }), ++ticket);
      expectEqual([found.resumedAt], [layer]);
    }
    const none = await engine.steer.compare(request({ interventions: [], frozen: true }), ++ticket);
    for (const side of [none.steered, none.frozen!]) {
      expectEqual(side.kl, new Float32Array(last + 1), 'nothing to do');
      expectEqual(side.loss.subarray(1), none.base.loss.subarray(1), 'nothing to do');
    }
  },
  'another strength costs one submission of the layers that follow, and no steps to prepare': async () => {
    const engine = await bundledEngine();
    const ask = async (strength: number) => {
      const { counters: before } = await engine.diagnostics();
      const found = await engine.steer.compare(request({ interventions: [added(strength)] }), ++ticket);
      const { counters: after } = await engine.diagnostics();
      expectEqual([after.submissions - before.submissions], [1], 'submissions');
      expectEqual([found.usage.submissions, found.usage.readbacks], [1, 1]);
      return found;
    };
    await ask(0.5);
    const found = await ask(0.75);
    const zero = await ask(0);
    expectEqual(zero.steered.kl, new Float32Array(zero.tokens.length), 'strength 0');
    const { usage } = await ask(2);
    expectEqual([usage.dispatches], [found.usage.dispatches], 'every step is alike');
    const analysis = await engine.analyze({ text, windowStart: 0, honesty: false }, ++ticket);
    if (!(usage.dispatches < analysis.usage.dispatches && usage.bytesRead < 20_000))
      throw new Error(`${usage.dispatches} dispatches, ${usage.bytesRead} bytes`);
  },
  'output that is no number is refused': async () => {
    const engine = await bundledEngine();
    const target = { kind: 'hook', hook: 'blocks.2.hook_resid_pre' } as const;
    const scaled: Asked = { kind: 'scale', target, factor: 1e6, scope: { kind: 'rows', ranges: [[4, 5]] } };
    const asked = request({ interventions: Array.from({ length: 8 }, () => scaled) });
    for (const call of ['compare', 'compareRow', 'lens'] as const)
      await refusal(() => engine.steer[call](asked, ++ticket), 'bad-input');
    const { base } = await engine.steer.compare(request({ interventions: [] }), ++ticket);
    if (!base.loss.subarray(1).every(Number.isFinite)) throw new Error('the base is no longer what it was');
  },
  'features of a dictionary stand on both sides': async () => {
    const engine = await bundledEngine();
    const { features } = await engine.steer.compare(request({ features: dictionary, row: 14 }), ++ticket);
    const steered = features!.find(({ index }) => index === 7);
    if (!(steered && steered.steered > steered.base)) throw new Error('the feature was not added');
    if (features!.length > 40) throw new Error(`${features!.length} features`);
    await engine.useDictionary(dictionary, ++ticket, () => {});
    const analysis = await engine.analyze({ text, windowStart: 0 }, ++ticket);
    const [from, to] = [analysis.codes.offsets[14]!, analysis.codes.offsets[15]!];
    for (let i = from; i < to; i++) {
      const own = features!.find(({ index }) => index === analysis.codes.indices[i]);
      expectClose([own!.base], [analysis.codes.values[i]!], { relative: 1e-5 });
    }
  },
  'a long text is read by windows, and a row of it is one of the window': async () => {
    const engine = await bundledEngine();
    const long = `${text}. `.repeat(20);
    for (const windowStart of [100, 1e9]) {
      const analysis = await engine.analyze({ text: long, windowStart }, ++ticket);
      const found = await engine.steer.compare(
        request({ prompt: { kind: 'text', text: long }, windowStart, interventions: [] }),
        ++ticket,
      );
      expectEqual(
        [found.windowStart, found.windowTokens, found.totalTokens, found.tokens.length],
        [analysis.windowStart, analysis.windowTokens, analysis.totalTokens, 256],
      );
      expectEqual(found.base.loss.subarray(1), analysis.loss.subarray(1));
    }
  },
  'the lens sees what the comparison does': async () => {
    const engine = await bundledEngine();
    const lensRequest: LensRequest = { ...request({ row: 14 }), nextTokens: 10 };
    const compared = await engine.steer.compare(request({ row: 14 }), ++ticket);
    const found = await engine.steer.lens(lensRequest, ++ticket);
    expectEqual([found.row, found.hooks.length, found.base.length, found.steered.length], [14, 5, 5, 5]);
    for (const side of ['base', 'steered'] as const) {
      expectEqual(found[side][4]!.ids, compared[side].next.ids, side);
      if (found[side][4]!.texts.join() !== compared[side].next.texts.join()) throw new Error('texts');
    }
    expectEqual(found.kl.subarray(0, 3), [0, 0, 0], 'layers before');
    expectClose([found.kl[4]!], [compared.steered.kl[14]!], { relative: 1e-4 });
  },
  'the newest of many wins: those cancelled while they wait never run': async () => {
    const engine = await bundledEngine();
    await engine.steer.compare(request(), ++ticket);
    const { counters: before } = await engine.diagnostics();
    const tickets = Array.from({ length: 8 }, () => ++ticket);
    const asked = tickets.map((own, i) =>
      engine.steer.compare(request({ interventions: [added(i)] }), own).then(
        () => 'done',
        (error: unknown) => (error instanceof FacetError ? error.code : String(error)),
      ),
    );
    for (const own of tickets.slice(0, -1)) await engine.cancel(own);
    const states = await Promise.all(asked);
    const { counters: after } = await engine.diagnostics();
    const done = states.filter((state) => state === 'done').length;
    if (states.at(-1) !== 'done' || states.slice(0, -1).some((state) => state !== 'cancelled'))
      throw new Error(states.join());
    // The first may have begun before it could be cancelled.
    if (after.submissions - before.submissions > done + 1)
      throw new Error(`${after.submissions - before.submissions} submissions for ${done} answers`);
  },
  'a long job lets a comparison through': async () => {
    const engine = await bundledEngine();
    let over = false;
    const own = ++ticket;
    const corpus = { kind: 'storyworld', seed: 1, items: 2_000 } as const;
    const job = engine.scan.run({ corpus }, own, nothing, nothing).then(
      () => (over = true),
      () => {},
    );
    await engine.steer.compare(request(), ++ticket);
    await engine.steer.compare(request({ interventions: [added(3)] }), ++ticket);
    if (over) throw new Error('the comparison waited for the whole job');
    await engine.cancel(own);
    await job;
  },
  'what is kept goes with the model': async () => {
    const engine = new Engine();
    await engine.connect(`${self.location.origin}/`, nothing);
    const bytes = async (): Promise<number> => {
      await engine.open({ model: '' }, ++ticket, nothing);
      return (await engine.diagnostics()).allocatedBytes;
    };
    // The first opening finds no buffers of an earlier model to give back.
    await bytes();
    const before = await bytes();
    await engine.steer.compare(request({ frozen: true }), ++ticket);
    await engine.steer.lens(request(), ++ticket);
    if (!((await engine.diagnostics()).allocatedBytes > before)) throw new Error('nothing was kept');
    expectEqual([await bytes()], [before]);
    const asked = engine.steer.compare(request({ prompt: { kind: 'text', text: `${text} Then` } }), ++ticket);
    // Opened anew while a comparison runs, whose buffers come back when it is over.
    await bytes();
    await asked.catch((error: unknown) => {
      if (!(error instanceof FacetError) || error.code !== 'cancelled') throw error;
    });
    expectEqual([await bytes()], [before], 'after a comparison that the model did not wait for');
  },
  'what cannot be compared is refused': async () => {
    const engine = await bundledEngine();
    for (const more of [
      { row: -1 },
      { row: 0.5 },
      { row: NaN },
      { nextTokens: -1 },
      { movers: 1e9 },
      { nextTokens: 2.5 },
    ])
      await refusal(() => engine.steer.compare(request(more), ++ticket), 'bad-input');
    for (const more of [{ row: -1 }, { nextTokens: 0 }, { nextTokens: 1e9 }])
      await refusal(() => engine.steer.lens(request(more), ++ticket), 'bad-input');
    await refusal(
      () =>
        engine.steer.compare(
          request({ prompt: { kind: 'chat', messages: [{ role: 'user', content: 'Hi' }] } }),
          ++ticket,
        ),
      'unsupported',
    );
    await refusal(() => engine.steer.compare(request({ features: 'nothing' }), ++ticket), 'not-found');
  },
});
