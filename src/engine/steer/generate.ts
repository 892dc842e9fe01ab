import * as v from 'valibot';
import { Generation } from '../../analysis/steering/generation.ts';
import { checkSampling } from '../../analysis/steering/sampling.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Generated, GeneratedToken, GenerateRequest, Usage } from '../protocol.ts';
import type { Session } from '../session.ts';
import { prepareSteering } from './prepare.ts';
import { readPrompt } from './prompt.ts';

const MOST_TOKENS = 4096;

const requestSchema = v.object({
  arm: v.picklist(['base', 'steered', 'frozen']),
  tokens: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_TOKENS)),
  sampling: v.object({
    temperature: v.number(),
    topK: v.number(),
    topP: v.number(),
    repetitionPenalty: v.number(),
    seed: v.number(),
  }),
  after: v.optional(
    v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0))), v.maxLength(4 * MOST_TOKENS)),
  ),
  stop: v.optional(v.boolean()),
  cached: v.optional(v.boolean()),
});

/**
 * Continues a prompt. Every token takes a turn of its own, so that readings come in between and a cancelled text stops
 * within one.
 * @throws FacetError `bad-input` saying what is wrong with the request, `cancelled`
 */
export async function generateText(
  session: Session,
  request: GenerateRequest,
  onTokens: (tokens: GeneratedToken[]) => void,
): Promise<Generated> {
  const checked = v.safeParse(requestSchema, request);
  if (!checked.success) {
    const [issue] = checked.issues;
    throw new FacetError('bad-input', `${v.getDotPath(issue) ?? 'The request'} is wrong: ${issue.message}`);
  }
  const { arm, tokens: wanted, sampling, after = [], stop = true, cached } = checked.output;
  checkSampling(sampling);
  const { model, tokenizer, info, gpu } = session.opened;
  if (after.some((id) => id >= model.config.dVocab))
    throw new FacetError('bad-input', 'The text to continue has tokens that this model does not have.');
  const prompt = await readPrompt(session, request.prompt);
  const promptRows = prompt.ids.length;
  const steers = arm !== 'base' && request.interventions.length > 0;
  using steering = steers
    ? await prepareSteering(session, request.interventions, { ...prompt, promptRows })
    : undefined;
  using generation = new Generation({
    model,
    prompt,
    steering,
    frozen: arm === 'frozen',
    sampling,
    context: info.nCtx,
    vocabSize: tokenizer.vocabSize,
    isSpecial: (id) => tokenizer.isSpecial(id),
    after,
    cached,
  });
  const { steps } = generation;
  const ends = new Set(stop ? tokenizer.endIds : []);
  const describe = ({ id, logProb }: (typeof steps)[number]): GeneratedToken => ({
    id,
    text: tokenizer.text(id),
    special: tokenizer.isSpecial(id),
    logProb,
  });
  const started = performance.now();
  const usage: Usage = { submissions: 0, readbacks: 0, dispatches: 0, bytesRead: 0, elapsedMs: 0 };
  // What has ended is not continued, but looked at.
  const most = after.length + (ends.has(after.at(-1) ?? NaN) ? 0 : wanted);
  const ended = (): boolean => steps.length >= after.length && ends.has(steps.at(-1)?.id ?? NaN);
  while (steps.length < most && !ended()) {
    const fresh = await session.turn(async () => {
      const before = { ...gpu.counters };
      const made = await generation.next();
      for (const counter of ['submissions', 'readbacks', 'dispatches', 'bytesRead'] as const)
        usage[counter] += gpu.counters[counter] - before[counter];
      return made;
    });
    if (fresh.length > 0 && steps.length <= most) onTokens(fresh.map(describe));
  }
  steps.length = Math.min(steps.length, most);
  usage.elapsedMs = performance.now() - started;
  return {
    tokens: steps.map(describe),
    text: tokenizer.decode(steps.map(({ id }) => id)),
    reason: ended() ? 'end' : 'length',
    promptRows,
    dropped: generation.dropped,
    baseLoss: Float32Array.from(steps, ({ baseLoss }) => baseLoss),
    kl: Float32Array.from(steps, ({ kl }) => kl),
    usage,
  };
}
