import type { Gpu } from '../../gpu/gpu.ts';
import { codeOf, withBundledSession } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import type { Asked } from '../protocol.ts';
import type { Session } from '../session.ts';
import { prepareSteering, type Steered } from './prepare.ts';

const MIDDLE = 'blocks.2.hook_resid_pre';
const scope = { kind: 'text' } as const;
const add: Asked = { kind: 'add', dictionary: MIDDLE, feature: 5, strength: 1, unit: 4, scope };
const head = { kind: 'head', layer: 1, head: 2 } as const;

async function withSession(
  gpu: Gpu,
  work: (session: Session, prompt: Steered, stop: () => void) => Promise<void>,
): Promise<void> {
  await withBundledSession(gpu, (session, stop) => {
    const { tokens, ids } = session.read({ text: 'The old stone lamp is here.', windowStart: 0 });
    const special = tokens.map((token) => token.special);
    return work(session, { ids, special, promptRows: ids.length }, stop);
  });
}

export const cases = gpuCases('preparing a steering', {
  'what the model or a dictionary does not have is refused': (gpu) =>
    withSession(gpu, async (session, prompt, stop) => {
      const hook = (name: string): Asked => ({
        kind: 'ablate', target: { kind: 'hook', hook: name }, with: 'zero', scope,
      }); // oxfmt-ignore
      const table: [Asked, string][] = [
        [{ ...add, feature: 2048 }, 'bad-input'],
        [{ ...add, dictionary: 'blocks.9.hook_resid_pre' }, 'not-found'],
        [{ ...add, layers: [0, 4] }, 'bad-input'],
        [{ ...add, strength: NaN }, 'bad-input'],
        [{ kind: 'ablate', target: { ...head, layer: 4 }, with: 'zero', scope }, 'bad-input'],
        [{ kind: 'scale', target: { ...head, head: 6 }, factor: 0, scope }, 'bad-input'],
        [hook('blocks.0.hook_z'), 'bad-input'],
        [hook('blocks.4.hook_mlp_out'), 'bad-input'],
        [hook('blocks.0.attn.hook_pattern'), 'unsupported'],
        [hook('blocks.0.attn.hook_q'), 'unsupported'],
        [hook('ln_final.hook_normalized'), 'unsupported'],
        [add, 'none'],
      ];
      for (const [asked, code] of table) {
        const found = await codeOf(prepareSteering(session, [add, asked], prompt));
        if (found !== code) throw new Error(`${JSON.stringify(asked)}: ${found}, not ${code}`);
      }
      stop();
      const mean: Asked = { kind: 'ablate', target: head, with: 'mean', scope };
      const cancelled = await codeOf(prepareSteering(session, [mean], prompt));
      expectEqual([Number(cancelled === 'cancelled')], [1], `cancelled, not ${cancelled}`);
    }),
  'means and patches are read once; another strength, or another prompt for a patch, reads nothing anew': (
    gpu,
  ) =>
    withSession(gpu, async (session, prompt) => {
      const recipe = (strength: number): Asked[] => [
        { ...add, strength },
        { kind: 'ablate', target: { kind: 'latent', dictionary: MIDDLE, feature: 7 }, with: 'mean', scope },
        { kind: 'ablate', target: head, with: 'mean', scope },
        { kind: 'patch', target: head, text: 'Another text', align: 'start', scope },
        { kind: 'patch', target: { kind: 'hook', hook: MIDDLE }, text: 'Another text', align: 'end', scope },
      ];
      const { counters } = gpu;
      const submissions = async (strength: number, of: Steered): Promise<number> => {
        const before = counters.submissions;
        const steering = await prepareSteering(session, recipe(strength), of);
        steering[Symbol.dispose]();
        return counters.submissions - before;
      };
      // Opening the dictionary takes its own.
      await session.opened.withDictionaries([MIDDLE], session.context, () => Promise.resolve());
      const shorter = { ...prompt, ids: prompt.ids.slice(0, -1), promptRows: prompt.promptRows - 1 };
      expectEqual([await submissions(1, prompt), await submissions(2, prompt)], [4, 0], 'submissions');
      expectEqual([await submissions(1, shorter)], [2], 'means of another prompt');
    }),
  'what a steering holds on the GPU goes with it and its model': async (gpu) => {
    gpu.trim();
    const before = gpu.pool.allocatedBytes;
    let later: Disposable | undefined;
    const patch: Asked = {
      kind: 'patch',
      target: { kind: 'hook', hook: MIDDLE },
      text: 'Other',
      align: 'end',
      scope,
    };
    await withSession(gpu, async (session, prompt) => {
      later = await prepareSteering(session, [add, patch], prompt);
    });
    later?.[Symbol.dispose]();
    gpu.trim();
    expectEqual([gpu.pool.allocatedBytes], [before], 'bytes of the pool');
  },
});
