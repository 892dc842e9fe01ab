import {
  ablateEach,
  ablateTogether,
  type CleanText,
  type LikelyNext,
  meanZ,
  readClean,
} from '../../analysis/heads/ablation.ts';
import { type CorpusText, openCorpus } from '../../analysis/heads/corpus.ts';
import { Pace } from '../../analysis/heads/pace.ts';
import { checkHead } from '../../analysis/heads/pattern.ts';
import { FacetError } from '../../shared/errors.ts';
import type {
  AblateHereRequest,
  AblatedText,
  AblationEffects,
  AblationRequest,
  HeadId,
  Progress,
} from '../protocol.ts';
import type { Session } from '../session.ts';
import { everySecond, readerOf, readingOf } from './reading.ts';

const NEXT_TOKENS = 10;

/**
 * See `HeadsApi.ablate`. Reads the whole corpus once for the means, then one text after the other with each head
 * ablated, so that every head has a figure after the first text.
 * @throws FacetError `bad-input`, `cancelled`
 */
export async function ablateHeads(
  session: Session,
  { corpus: asked, heads: chosen }: AblationRequest,
  {
    onProgress,
    onPartial,
  }: { onProgress: (progress: Progress) => void; onPartial: (partial: AblationEffects) => void },
): Promise<AblationEffects> {
  const reader = readerOf(session);
  const { model } = reader;
  const corpus = openCorpus(asked, readingOf(session));
  const heads = chosen ? distinct(chosen) : everyHead(session);
  for (const { layer, head } of heads) checkHead(model, layer, head);
  const progress = (what: string, done: number, total: number): void =>
    onProgress({ phase: 'heads', what, done, total, unit: 'steps' });

  const clean: CleanText[] = [];
  for (let i = 0; i < corpus.count; i++) {
    clean.push(await readClean(reader, corpus.text(i).ids));
    progress('mean outputs', i + 1, corpus.count);
  }
  const z = meanZ(clean);
  const groups = ['all', ...corpus.groups.filter((group) => group !== 'text')];
  const sums = new Sums(groups, heads);
  let texts = 0;
  const report = (): AblationEffects => ({ corpus: asked, texts, groups, heads, ...sums.report() });
  const partial = everySecond(() => onPartial(report()));
  const pace = new Pace();
  for (let i = 0; i < corpus.count; i++) {
    const text = corpus.text(i);
    const own = clean[i]!;
    const at = sums.groupsOf(text);
    sums.addText(at, own);
    let done = 0;
    await ablateEach(reader, text.ids, { heads, z, pace }, (head, loss) => {
      sums.addHead(at, sums.heads.get(keyOf(head))!, { tokens: own.tokens, rise: loss - own.loss });
      done += 1;
      progress('heads ablated', i * heads.length + done, corpus.count * heads.length);
      partial();
    });
    texts += 1;
  }
  return report();
}

const keyOf = ({ layer, head }: HeadId): string => `${layer}.${head}`;

/** In order of layers, each once. */
function distinct(heads: readonly HeadId[]): HeadId[] {
  const found = new Map(heads.map(({ layer, head }) => [keyOf({ layer, head }), { layer, head }]));
  return [...found.values()].sort((a, b) => a.layer - b.layer || a.head - b.head);
}

function everyHead({ opened }: Session): HeadId[] {
  const { nLayers, nHeads } = opened.model.config;
  return Array.from({ length: nLayers * nHeads }, (_, i) => ({
    layer: Math.floor(i / nHeads),
    head: i % nHeads,
  }));
}

/** Losses by group, and rises by head and group, each over the tokens it has seen. */
class Sums {
  readonly heads: ReadonlyMap<string, number>;
  readonly #tokens: Float64Array;
  readonly #loss: Float64Array;
  readonly #headTokens: Float64Array;
  readonly #rise: Float64Array;

  constructor(
    private readonly groups: readonly string[],
    heads: readonly HeadId[],
  ) {
    this.heads = new Map(heads.map((head, i) => [keyOf(head), i]));
    this.#tokens = new Float64Array(groups.length);
    this.#loss = new Float64Array(groups.length);
    this.#headTokens = new Float64Array(heads.length * groups.length);
    this.#rise = new Float64Array(heads.length * groups.length);
  }

  groupsOf({ group }: CorpusText): number[] {
    const own = this.groups.indexOf(group);
    return own > 0 ? [0, own] : [0];
  }

  addText(at: readonly number[], { tokens, loss }: CleanText): void {
    for (const group of at) {
      this.#tokens[group]! += tokens;
      this.#loss[group]! += loss;
    }
  }

  addHead(at: readonly number[], head: number, { tokens, rise }: { tokens: number; rise: number }): void {
    for (const group of at) {
      this.#headTokens[head * this.groups.length + group]! += tokens;
      this.#rise[head * this.groups.length + group]! += rise;
    }
  }

  report(): Pick<AblationEffects, 'tokens' | 'loss' | 'rise'> {
    const over = (sums: Float64Array, counts: Float64Array): Float32Array =>
      Float32Array.from(sums, (sum, i) => (counts[i]! > 0 ? sum / counts[i]! : NaN));
    return {
      tokens: Uint32Array.from(this.#tokens),
      loss: over(this.#loss, this.#tokens),
      rise: over(this.#rise, this.#headTokens),
    };
  }
}

/** See `HeadsApi.ablateHere`. @throws FacetError `bad-input` for no heads, or one the model does not have */
export async function ablateText(session: Session, request: AblateHereRequest): Promise<AblatedText> {
  const { model, tokenizer } = session.opened;
  const heads = distinct(request.heads);
  if (heads.length === 0) throw new FacetError('bad-input', 'No head was named to be ablated.');
  for (const { layer, head } of heads) checkHead(model, layer, head);
  const { ids } = session.read(request);
  const found = await session.turn(() =>
    ablateTogether(model, ids, { heads, with: request.with }, NEXT_TOKENS),
  );
  const named = (next: LikelyNext): AblatedText['next'] => ({
    ...next,
    texts: Array.from(next.ids, (id) => tokenizer.text(id)),
  });
  return { ...found, next: named(found.next), nextAblated: named(found.nextAblated) };
}
