import * as v from 'valibot';
import { effects } from '../../analysis/steering/effects.ts';
import { measureText, PointSums } from '../../analysis/steering/sweep.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { FacetError } from '../../shared/errors.ts';
import { keepsOf } from '../../shared/steering-effect.ts';
import { generate } from '../../storyworld/index.ts';
import type { Asked, EffectInfo, FileSet, Progress, Sweep, SweepPoint, SweepRequest } from '../protocol.ts';
import type { Session } from '../session.ts';
import { type PromptRows, readPrompt } from './prompt.ts';

/** Of a Storyworld item, its first tokens: what kind of text it is, and little that it says. */
const PROMPT_TOKENS = 4;
const MOST_TEXTS = 256;
const MOST_SAMPLES = 64;
const MOST_STRENGTHS = 32;
/** Of all continuations together. */
const MOST_TOKENS = 1_000_000;
const MOST_SEED = 2 ** 32;
/** Between two partial results. */
const PARTIAL_EVERY_MS = 2_000;

const count = (most: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(most));
const seed = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MOST_SEED - 1));
const schema = v.object({
  prompts: v.variant('kind', [
    v.object({
      kind: v.literal('text'),
      texts: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(MOST_TEXTS)),
    }),
    v.object({ kind: v.literal('storyworld'), seed, items: count(MOST_TEXTS) }),
  ]),
  index: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  strengths: v.pipe(v.array(v.pipe(v.number(), v.finite())), v.maxLength(MOST_STRENGTHS)),
  tokens: count(4_096),
  samples: count(MOST_SAMPLES),
});

export interface SweepListener {
  onProgress: (progress: Progress) => void;
  onPartial: (sweep: Sweep) => void;
}

/** See `SteerApi.effects`. */
export function listEffects(): EffectInfo[] {
  return [...effects];
}

/**
 * See `SteerApi.sweep`. Continuations of Storyworld beginnings go on past an end-of-text token with another text, so that
 * every strength has as many tokens; those of a visitor's texts end there.
 * @param known the base's texts, where they were measured before with the same prompts and sampling
 * @throws FacetError `bad-input`, `cancelled`
 */
export async function sweepStrengths(
  session: Session,
  request: SweepRequest,
  { onProgress, onPartial }: SweepListener,
  known?: SweepPoint,
): Promise<Sweep> {
  const { prompts, samples, tokens } = checkRequest(session, request);
  const swept = sweptOf(request);
  const strengths = known ? request.strengths : [undefined, ...request.strengths];
  const total = strengths.length * prompts.length * samples * tokens;
  if (total > MOST_TOKENS)
    throw new FacetError('bad-input', `A sweep generates at most ${MOST_TOKENS.toLocaleString('en')} tokens.`, {
      hint: `This one would need ${total.toLocaleString('en')}: take fewer strengths, prompts, samples or tokens.`,
    });
  const { opened, context } = session;
  return opened.withDictionaries(swept.feature ? [swept.feature.dictionary] : [], context, async ([loaded]) => {
    const feature = loaded && { dictionary: loaded.dictionary, feature: swept.feature!.feature };
    const sums: PointSums[] = [];
    const record = (): Sweep => {
      const made = sums.map((each) => each.point());
      const [base, ...points] = known ? [known, ...made] : made;
      return { base: base!, points, keeps: keepsOf({ base: base!, points }) };
    };
    let [done, reported] = [0, performance.now()];
    for (const strength of strengths) {
      const point = new PointSums(strength ?? 0);
      const asked = strength === undefined ? [] : swept.at(strength);
      sums.push(point);
      for await (const text of continuations(session, request, prompts, asked)) {
        point.add(await session.turn(() => measureText(opened.model, opened.tokenizer, text, feature)));
        done += tokens;
        onProgress({ phase: 'steer', what: 'tokens', done, total, unit: 'steps' });
        if (performance.now() - reported < PARTIAL_EVERY_MS) continue;
        onPartial(record());
        reported = performance.now();
      }
    }
    return record();
  });
}
