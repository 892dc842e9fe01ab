import { FacetError } from '../../shared/errors.ts';
import { bundledEngine } from '../../testing/bundled-engine.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import type { Asked, Generated, GeneratedToken, GenerateRequest } from '../protocol.ts';

const TEXT = 'One day Mia went to the park with her';
const pushed: Asked = {
  kind: 'add',
  dictionary: 'blocks.2.hook_resid_pre',
  feature: 1122,
  strength: 1.5,
  unit: 6,
  scope: { kind: 'generated' },
};

const asked = (more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt: { kind: 'text', text: TEXT },
  interventions: [pushed],
  arm: 'base',
  sampling: { temperature: 0.7, topK: 0, topP: 1, repetitionPenalty: 1, seed: 11 },
  tokens: 8,
  ...more,
});

async function generate(more: Partial<GenerateRequest> = {}): Promise<Generated & { streamed: number[] }> {
  const { steer } = await bundledEngine();
  const streamed: GeneratedToken[] = [];
  const made = await steer.generate(asked(more), 40, (tokens) => streamed.push(...tokens));
  return { ...made, streamed: streamed.map(({ id }) => id) };
}

const idsOf = ({ tokens }: Generated): number[] => tokens.map(({ id }) => id);

async function refusal(more: Partial<GenerateRequest>): Promise<string> {
  try {
    await generate(more);
  } catch (thrown) {
    if (thrown instanceof FacetError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'none';
}

export const cases = gpuCases('texts of the bundled model', {
  'one submission and one readback a token; tokens, losses and text': async () => {
    const base = await generate();
    expectEqual(base.streamed, idsOf(base), 'streamed');
    expectEqual([base.usage.submissions, base.usage.readbacks], [8 + 1, 8], 'the cache is made once');
    expectEqual([base.promptRows - 1, base.dropped], [(await tokensOf(TEXT)).length, 0], 'rows');
    expectClose(
      base.tokens.map(({ logProb }) => -logProb),
      base.baseLoss,
      { absolute: 1e-6 },
      'losses',
    );
    expectEqual(base.kl, new Float32Array(8), 'KL of the base');
    expectEqual(await tokensOf(TEXT + base.text), [...(await tokensOf(TEXT)), ...idsOf(base)], base.text);
  },
  'the same request, the same text; arms that are not steered are the base; steering changes what is said':
    async () => {
      const base = await generate();
      const [again, empty, steered, frozen] = [
        await generate(),
        await generate({ arm: 'frozen', interventions: [] }),
        await generate({ arm: 'steered' }),
        await generate({ arm: 'frozen' }),
      ];
      expectEqual(idsOf(again), idsOf(base), 'again');
      expectEqual(idsOf(empty), idsOf(base), 'without interventions');
      // The first token is chosen where nothing was generated yet.
      expectClose([steered.kl[0]!, frozen.kl[0]!], [0, 0], { absolute: 1e-5 }, 'KL before anything acts');
      for (const { kl } of [steered, frozen])
        if (!(Math.max(...kl) > 0.01)) throw new Error(`KL ${kl.join()}`);
      expectEqual([steered.usage.submissions], [8 + 2], 'both passes in one submission, two caches');
    },
  'continued from any token, nothing told twice': async () => {
    for (const arm of ['base', 'frozen'] as const) {
      const whole = await generate({ arm });
      const after = idsOf(whole).slice(0, 3);
      const rest = await generate({ arm, after, tokens: 5 });
      expectEqual(idsOf(rest), idsOf(whole), arm);
      expectEqual(rest.streamed, idsOf(whole).slice(3), 'streamed');
      expectClose(rest.baseLoss, whole.baseLoss, { absolute: 1e-4 }, 'losses');
    }
  },
  'a token that ends the text ends it, unless it is not to': async () => {
    // Greedy after a whole story: what follows is the end of the text.
    const story = { kind: 'text', text: `${TEXT} mom. The end.\n` } as const;
    const { steer } = await bundledEngine();
    const { ends, chat } = await steer.prompting();
    expectEqual([Number(chat), ...ends], [0, 0], 'prompting');
    const ended = await generate({ prompt: story, after: [9, 0] });
    expectEqual([ended.tokens.length, ended.streamed.length], [2, 0], 'what ended is not continued');
    expectEqual([ended.reason === 'end' ? 1 : 0, ended.tokens[1]!.special ? 1 : 0], [1, 1], ended.reason);
    const on = await generate({ prompt: story, after: [9, 0], stop: false, tokens: 2 });
    expectEqual([on.tokens.length, on.streamed.length], [4, 2], 'goes on');
    if (on.text.includes('endoftext')) throw new Error(`special tokens are shown: ${on.text}`);
  },
  'a prompt longer than the context; the sequence slides': async () => {
    const text = Array.from({ length: 60 }, () => TEXT).join('. ');
    const long = await generate({ prompt: { kind: 'text', text }, arm: 'steered', tokens: 3 });
    const rows = (await tokensOf(text)).length + 1;
    if (!(rows > 400)) throw new Error(`only ${rows} rows`);
    const dropped = Math.ceil((rows + 2 - 256) / 64) * 64;
    expectEqual([long.promptRows, long.dropped], [rows, dropped], 'dropped');
  },
  'cancelled within a token': async () => {
    const { steer, cancel } = await bundledEngine().then((engine) => ({
      steer: engine.steer,
      cancel: (ticket: number) => engine.cancel(ticket),
    }));
    let heard = 0;
    const outcome = await steer
      .generate(asked({ tokens: 4096 }), 77, (tokens) => {
        heard += tokens.length;
        if (heard === 2) void cancel(77);
      })
      .then(
        () => 'done',
        (thrown: unknown) => (thrown as FacetError).code,
      );
    expectEqual([Number(outcome === 'cancelled'), heard], [1, 2], outcome);
  },
  'requests that are wrong are refused in words': async () => {
    const sampling = { ...asked().sampling, topP: 0 };
    const wrong: [Partial<GenerateRequest>, RegExp][] = [
      [{ tokens: 0 }, /^bad-input: tokens/],
      [{ tokens: 4097 }, /^bad-input: tokens/],
      [{ sampling }, /^bad-input: Top-p/],
      [{ after: [3072] }, /^bad-input: The text to continue/],
      [{ after: [-1] }, /^bad-input: after/],
      [{ arm: 'other' as 'base' }, /^bad-input: arm/],
      [{ prompt: { kind: 'chat', messages: [{ role: 'user', content: 'x' }] } }, /^unsupported: .*template/],
      [{ prompt: { kind: 'chat', messages: [] } }, /^bad-input: The prompt/],
      [{ arm: 'steered', interventions: [{ ...pushed, feature: 5000 }] }, /^bad-input/],
    ];
    for (const [request, words] of wrong) {
      const said = await refusal(request);
      if (!words.test(said)) throw new Error(`${JSON.stringify(request)}: ${said}`);
    }
  },
});

async function tokensOf(text: string): Promise<number[]> {
  const engine = await bundledEngine();
  const { tokens } = await engine.tokenize({ text, windowStart: 0 });
  const { totalTokens } = await engine.tokenize({ text, windowStart: 0 });
  return Array.from({ length: totalTokens }, (_, i) => tokens[i]?.id ?? -1);
}
