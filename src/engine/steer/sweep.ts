import * as v from 'valibot';
import { effects } from '../../analysis/steering/effects.ts';
import { type Beginning, continueTexts } from '../../analysis/steering/continuations.ts';
import { checkSampling, chooseAt, drawOf, nextDistribution } from '../../analysis/steering/sampling.ts';
import type { Steering } from '../../analysis/steering/steering.ts';
import { type Continuation, measureText, PointSums } from '../../analysis/steering/sweep.ts';
import type { ModelConfig } from '../../model/config.ts';
import { FacetError } from '../../shared/errors.ts';
import { keepsOf } from '../../shared/steering-effect.ts';
import { generate } from '../../storyworld/index.ts';
import type { Asked, EffectInfo, FileSet, Progress, Sweep, SweepPoint, SweepRequest } from '../protocol.ts';
import type { Session } from '../session.ts';
import { checkAsked } from './asked.ts';
import { prepareSteering } from './prepare.ts';
import { describePrompting, type PromptRows, readPrompt } from './prompt.ts';

/** Of a Storyworld item, its first tokens: what kind of text it is, and little that it says. */
const PROMPT_TOKENS = 2;
const MOST_TEXTS = 256;
const MOST_SAMPLES = 64;
const MOST_STRENGTHS = 32;
/** Of all continuations together. */
const MOST_TOKENS = 1_000_000;
const MOST_SEED = 2 ** 32;
/** Continued side by side. */
const MOST_AT_ONCE = 8;
const CACHE_BYTES = 2 ** 27;
/** Between two partial results. */
const PARTIAL_EVERY_MS = 2_000;

const upTo = (most: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(most));
const seed = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MOST_SEED - 1));
const schema = v.object({
  prompts: v.variant('kind', [
    v.object({
      kind: v.literal('text'),
      texts: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(MOST_TEXTS)),
    }),
    v.object({ kind: v.literal('storyworld'), seed, items: upTo(MOST_TEXTS) }),
  ]),
  // What they are is looked at when they are prepared.
  interventions: v.array(v.looseObject({ kind: v.string() })),
  index: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  strengths: v.pipe(v.array(v.pipe(v.number(), v.finite())), v.maxLength(MOST_STRENGTHS)),
  tokens: upTo(4_096),
  samples: upTo(MOST_SAMPLES),
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
  const { prompts, samples, tokens } = await checkRequest(session, request);
  const swept = sweptOf(request);
  const strengths = known ? request.strengths : [undefined, ...request.strengths];
  const total = strengths.length * prompts.length * samples * tokens;
  if (total > MOST_TOKENS)
    throw new FacetError(
      'bad-input',
      `A sweep generates at most ${MOST_TOKENS.toLocaleString('en')} tokens.`,
      {
        hint: `This one would need ${total.toLocaleString('en')}: take fewer strengths, prompts, samples or tokens.`,
      },
    );
  const { opened, context } = session;
  const references = swept.feature ? [swept.feature.dictionary] : [];
  return opened.withDictionaries(references, context, async ([loaded]) => {
    const feature = loaded && { dictionary: loaded.dictionary, feature: swept.feature!.feature };
    const sums: PointSums[] = [];
    const record = (): Sweep => {
      const made = sums.map((each) => each.point());
      const [base, ...points] = known ? [known, ...made] : made;
      return { base: base!, points, keeps: keepsOf({ base: base!, points }, swept.neutral) };
    };
    let [done, reported] = [0, performance.now()];
    const onTokens = (made: number): void => {
      done += made;
      onProgress({ phase: 'steer', what: 'tokens', done, total, unit: 'tokens' });
    };
    for (const strength of strengths) {
      const point = new PointSums(strength ?? 0);
      const asked = strength === undefined ? [] : swept.at(strength);
      for await (const text of continuations(session, request, prompts, asked, onTokens)) {
        point.add(await session.turn(() => measureText(opened.model, opened.tokenizer, text, feature)));
        if (sums.at(-1) !== point) sums.push(point);
        if (performance.now() - reported < PARTIAL_EVERY_MS) continue;
        onPartial(record());
        reported = performance.now();
      }
      if (sums.length < strengths.length) onPartial(record());
    }
    return record();
  });
}

/** Continuations of all prompts, in order; each has a seed of its own, the same at every strength. */
async function* continuations(
  session: Session,
  { samples, sampling, tokens, prompts: { kind } }: SweepRequest,
  prompts: readonly PromptRows[],
  asked: Asked[],
  onTokens: (made: number) => void,
): AsyncIterable<Continuation> {
  const { opened } = session;
  const { model, tokenizer } = opened;
  const ends = new Set(kind === 'text' ? (await describePrompting(session)).ends : []);
  const options = {
    tokens,
    ends,
    isSpecial: (id: number) => tokenizer.isSpecial(id),
    onTokens,
    turn: <R>(work: () => Promise<R>) => session.turn(work),
  };
  const jobs = prompts.flatMap((prompt, number) =>
    Array.from({ length: samples }, (_, i) => ({
      prompt,
      seed: (sampling.seed + number * samples + i) % MOST_SEED,
    })),
  );
  const atOnce = textsAtOnce(model.config);
  for (let first = 0; first < jobs.length; first += atOnce) {
    const steerings = new Map<PromptRows, Steering>();
    try {
      const beginnings: Beginning[] = [];
      for (const { prompt, seed: own } of jobs.slice(first, first + atOnce)) {
        const { ids, special } = prompt;
        if (asked.length > 0 && !steerings.has(prompt)) {
          const steered = { ids, special, promptRows: ids.length };
          steerings.set(prompt, await prepareSteering(session, asked, steered));
        }
        const choose: Beginning['choose'] = (logits, before, step) =>
          chooseAt(nextDistribution(logits, sampling, before, tokenizer.vocabSize), drawOf(own, step));
        beginnings.push({ ids, special, steering: steerings.get(prompt), choose });
      }
      const made = await continueTexts(model, beginnings, options);
      // What texts that ended will not need counts as done.
      onTokens(made.reduce((rest, text) => rest + tokens - (text.ids.length - text.promptRows), 0));
      yield* made;
    } finally {
      for (const steering of steerings.values()) steering[Symbol.dispose]();
    }
  }
}

/** As many texts side by side as take little memory. */
function textsAtOnce({ nLayers, nKvHeads, dHead, nCtx }: ModelConfig): number {
  const bytes = nLayers * 2 * nKvHeads * dHead * 4 * Math.min(nCtx, 1_024);
  return Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(CACHE_BYTES / bytes)));
}

interface Swept {
  /** The feature that is changed, where it is one. */
  feature?: { dictionary: string | FileSet; feature: number };
  /** Strength that changes nothing, or takes the feature away. */
  neutral: number;
  /** All interventions, the swept one at a strength. */
  at(strength: number): Asked[];
}

function sweptOf({ interventions, index }: SweepRequest): Swept {
  const asked = interventions[index];
  const at = (change: (strength: number) => Asked) => (strength: number) =>
    interventions.map((other, i) => (i === index ? change(strength) : other));
  if (asked?.kind === 'add' || asked?.kind === 'clamp')
    return { feature: asked, neutral: 0, at: at((strength) => ({ ...asked, strength })) };
  if (asked?.kind === 'scale') {
    const feature = asked.target.kind === 'latent' ? asked.target : undefined;
    return { feature, neutral: 1, at: at((factor) => ({ ...asked, factor })) };
  }
  throw new FacetError('bad-input', 'There is no step with a strength to be swept.', {
    hint: 'Strengths of “add” and “clamp” and factors of “scale” can be.',
  });
}

/** @throws FacetError `bad-input` */
async function checkRequest(
  session: Session,
  request: SweepRequest,
): Promise<{ prompts: PromptRows[]; samples: number; tokens: number }> {
  const checked = v.safeParse(schema, request);
  if (!checked.success) {
    const [issue] = checked.issues;
    throw new FacetError(
      'bad-input',
      `This cannot be swept: ${v.getDotPath(issue) ?? ''} ${issue.message}.`,
      {
        hint: `At most ${MOST_STRENGTHS} strengths, ${MOST_TEXTS} prompts and ${MOST_SAMPLES} samples of each.`,
      },
    );
  }
  checkSampling(request.sampling);
  // Before anything is generated, so that the last strength is not found to be wrong after an hour.
  checkAsked(request.interventions);
  const swept = sweptOf(request);
  for (const strength of request.strengths) checkAsked(swept.at(strength));
  const { prompts, samples, tokens } = checked.output;
  const { info, prefix } = session.opened;
  const room = info.nCtx - tokens;
  if (room <= prefix.length)
    throw new FacetError(
      'bad-input',
      `${tokens} tokens leave no room for a prompt in a context of ${info.nCtx}.`,
      { hint: 'Generate fewer.' },
    );
  const read = (await textsOf(session, prompts)).map((prompt) => shortened(prompt, room));
  return { prompts: read, samples, tokens };
}

function textsOf(session: Session, prompts: SweepRequest['prompts']): Promise<PromptRows[]> {
  const read = (text: string): Promise<PromptRows> => readPrompt(session, { kind: 'text', text });
  if (prompts.kind === 'text') return Promise.all(prompts.texts.map(read));
  return Promise.all(
    Array.from({ length: prompts.items }, async (_, item) => {
      const all = await read(generate(prompts.seed, item).text);
      return firstRows(all, all.prefix + PROMPT_TOKENS);
    }),
  );
}

function firstRows({ tokens, ids, special, prefix }: PromptRows, count: number): PromptRows {
  return {
    tokens: tokens.slice(0, count),
    ids: ids.slice(0, count),
    special: special.slice(0, count),
    prefix,
  };
}

/** Prefix and the last rows of a prompt that is too long. */
function shortened({ tokens, ids, special, prefix }: PromptRows, rows: number): PromptRows {
  const kept = <Row>(all: readonly Row[]): Row[] => {
    const own = all.slice(prefix);
    return [...all.slice(0, prefix), ...own.slice(Math.max(0, own.length - Math.max(0, rows - prefix)))];
  };
  return { tokens: kept(tokens), ids: Uint32Array.from(kept([...ids])), special: kept(special), prefix };
}
