import { expose } from 'comlink';
import { effects } from '../src/analysis/steering/effects.ts';
import type { SweepPoint } from '../src/analysis/steering/sweep.ts';
import { Gate } from '../src/engine/gate.ts';
import { OpenedModelState } from '../src/engine/opened-model.ts';
import type { Asked, SuggestedLatent, Suggestions, SweepRequest } from '../src/engine/protocol.ts';
import { makeSession, type Session } from '../src/engine/session.ts';
import { sweepStrengths } from '../src/engine/steer/sweep.ts';
import { Gpu } from '../src/gpu/gpu.ts';
import { loadCatalogue } from '../src/library/catalogue.ts';
import { FLUENCY_LIMIT, fluencyLoss, selectivityAt } from '../src/shared/steering-effect.ts';

/** A latent that may raise a property, from `training/steering.py`. */
export type Candidate = Pick<
  SuggestedLatent,
  'dictionary' | 'feature' | 'effect' | 'f1' | 'unit' | 'strength'
>;

export interface Plan {
  /** Storyworld seed of the beginnings, which nothing was chosen on, and how many. */
  seed: number;
  items: number;
  tokens: number;
  /** Continuations of each beginning, of the base and of a candidate. */
  baseSamples: number;
  samples: number;
}

export interface Row
  extends
    Candidate,
    Pick<SuggestedLatent, 'baseRate' | 'rate' | 'ratioLow' | 'fluencyLoss' | 'selectivity' | 'tokens'> {
  /** Whether it is good enough for the page. */
  shown: boolean;
}

/** What is shown: at least so many times the base's rate, which itself was seen so often; a rise beyond doubt. */
const LEAST_RATIO = 3;
const LEAST_CERTAIN = 1.5;
const FEWEST_COUNTED = 5;
/** Every row, so that the beginning of a next text is steered too. */
const SCOPE = 'all';
/** Below 1, so that what the model finds unlikely is rarely written, steered or not. */
const TEMPERATURE = 0.5;
/** Two-sided 95 % of a normal distribution. */
const Z = 1.96;

/** The bundled model with a session, as a call of the page has. */
async function withSession<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
  using gpu = await Gpu.acquire({ largestTensorBytes: 1 << 28 });
  const signal = new AbortController().signal;
  const context = { site: new URL(`${self.location.origin}/`), signal, onProgress: () => {} };
  const catalogue = await loadCatalogue(context.site, signal);
  using opened = await OpenedModelState.load(gpu, catalogue, catalogue.models[0]!.id, undefined, context);
  return await work(makeSession(opened, new Gate(), context, (text) => opened.tokenizer.tokenize(text)));
}

function requestOf({ seed, items, tokens }: Plan, samples: number, candidate: Candidate): SweepRequest {
  const { dictionary, feature, unit, strength } = candidate;
  const asked: Asked = { kind: 'add', dictionary, feature, unit, strength, scope: { kind: SCOPE } };
  const sampling = { temperature: TEMPERATURE, topK: 0, topP: 1, repetitionPenalty: 1, seed };
  return {
    prompts: { kind: 'storyworld', seed, items },
    interventions: [asked],
    index: 0,
    strengths: [strength],
    sampling,
    tokens,
    samples,
  };
}

/** Lower end of the 95 % interval of rate / base rate, by the delta method on its logarithm, texts being independent. */
function lowRatio(base: SweepPoint, point: SweepPoint, effect: number): number {
  const [before, after] = [base.rates[effect]!, point.rates[effect]!];
  if (after === 0) return 0;
  const spread = Math.hypot(base.errors[effect]! / before, point.errors[effect]! / after);
  return (after / before) * Math.exp(-Z * spread);
}

function judge(base: SweepPoint, point: SweepPoint, candidate: Candidate): Row {
  const effect = effects.findIndex(({ id }) => id === candidate.effect);
  const [baseRate, rate] = [base.rates[effect]!, point.rates[effect]!];
  const ratioLow = lowRatio(base, point, effect);
  const lost = fluencyLoss(base, point);
  const counted = Math.round(baseRate * base.tokens) >= FEWEST_COUNTED;
  return {
    ...candidate,
    baseRate,
    rate,
    ratioLow,
    fluencyLoss: lost,
    selectivity: selectivityAt(base, point, effect),
    tokens: point.tokens,
    shown: counted && rate >= LEAST_RATIO * baseRate && ratioLow >= LEAST_CERTAIN && lost < FLUENCY_LIMIT - 1,
  };
}

const bench = {
  /** Measures every candidate. @param onRow each as it is done, with the seconds it took and the table so far */
  async measure(
    plan: Plan,
    candidates: readonly Candidate[],
    onRow: (row: Row, seconds: number, table: Suggestions) => void,
  ): Promise<Suggestions> {
    return withSession(async (session) => {
      const silent = { onProgress: () => {}, onPartial: () => {} };
      const first = requestOf(plan, plan.baseSamples, candidates[0]!);
      const { base } = await sweepStrengths(session, { ...first, strengths: [] }, silent);
      console.log(`base: ${base.tokens} tokens, ${base.loss.toFixed(3)} nats a token`);
      const rows: Row[] = [];
      for (const candidate of candidates) {
        const started = performance.now();
        const request = requestOf(plan, plan.samples, candidate);
        const { points } = await sweepStrengths(session, request, silent, base);
        const row = judge(base, points[0]!, candidate);
        rows.push(row);
        onRow(row, (performance.now() - started) / 1000, describe(session, plan, base, rows));
      }
      return describe(session, plan, base, rows);
    });
  },
};

function describe({ opened }: Session, plan: Plan, base: SweepPoint, rows: readonly Row[]): Suggestions {
  const { info, catalogued } = opened;
  const digestOf = (id: string): string => {
    const { files } = catalogued!.dictionaries.find((each) => each.id === id)!;
    return files.find(({ path }) => path.endsWith('.safetensors'))!.sha256.slice(0, 16);
  };
  const rounded = (value: number): number => Number(value.toPrecision(4));
  return {
    model: info.id,
    modelDigest: info.digest,
    method:
      `Measured on ${plan.items} beginnings of Storyworld texts (seed ${plan.seed}) that nothing was chosen on: ` +
      `${plan.tokens} tokens after each, at temperature ${TEMPERATURE}, ${plan.baseSamples} texts as the model is ` +
      `(${base.tokens.toLocaleString('en')} tokens, ${base.loss.toFixed(2)} nats a token) and ${plan.samples} with the ` +
      'feature’s direction added to every token, the one before a text included. Shown are features that raise the property they fire on at ' +
      `least ${LEAST_RATIO} times (lower end of the 95 % interval over texts: at least ${LEAST_CERTAIN}) while the text’s loss under the model as it ` +
      `is rises by less than ${Math.round(100 * (FLUENCY_LIMIT - 1))} %; the property was seen at least ` +
      `${FEWEST_COUNTED} times without.`,
    latents: rows
      .filter(({ shown }) => shown)
      .sort((a, b) => b.ratioLow - a.ratioLow)
      .map(({ shown: _shown, ...row }) => ({
        dictionary: row.dictionary,
        dictionaryDigest: digestOf(row.dictionary),
        feature: row.feature,
        effect: row.effect,
        f1: row.f1,
        scope: SCOPE,
        strength: row.strength,
        unit: row.unit,
        baseRate: rounded(row.baseRate),
        rate: rounded(row.rate),
        ratioLow: rounded(row.ratioLow),
        fluencyLoss: rounded(row.fluencyLoss),
        selectivity: rounded(row.selectivity),
        tokens: row.tokens,
      })),
  };
}

export type SuggestionsBench = typeof bench;
expose(bench);
