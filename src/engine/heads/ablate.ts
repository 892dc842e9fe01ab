import {
  ablateEach,
  ablateTogether,
  type CleanText,
  FIRST_ROW,
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

/** Tokens whose pair with the token before stood earlier in the text: what an induction head can foretell. */
export const AGAIN = 'pairs again';

/**
 * See `HeadsApi.ablate`. Reads the whole corpus once for the means, then one text after the other with each head
 * ablated, so that every head has a figure after the first text. A text's heads are set to their means over its own
 * register: what tells registers apart stays, what a head says of this text goes.
 * @source the mean over texts of the same template of Wang et al. 2022, arXiv:2211.00593
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
  const byGroup = new Map<string, Float32Array<ArrayBuffer>>();
  const meanOf = (group: string): Float32Array<ArrayBuffer> => {
    const known = byGroup.get(group);
    if (known) return known;
    const mean = meanZ(clean.filter((_, i) => corpus.text(i).group === group));
    byGroup.set(group, mean);
    return mean;
  };
  const registers = corpus.groups.filter((group) => group !== 'text');
  const groups = ['all', AGAIN, ...registers, ...registers.map((group) => `${group} ${AGAIN}`)];
  const groupTexts = Uint32Array.from(groups, (group) => {
    const of = group.replace(` ${AGAIN}`, '');
    return registers.includes(of) ? clean.filter((_, i) => corpus.text(i).group === of).length : corpus.count;
  });
  const sums = new Sums(groups, heads);
  let texts = 0;
  const report = (): AblationEffects => ({
    corpus: asked,
    texts,
    groups,
    groupTexts: groupTexts.slice(),
    heads,
    ...sums.report(),
  });
  const partial = everySecond(() => onPartial(report()));
  const pace = new Pace();
  for (let i = 0; i < corpus.count; i++) {
    const text = corpus.text(i);
    const own = clean[i]!;
    const judged = judgedIn(text, groups);
    sums.addText(judged, own.losses);
    let done = 0;
    await ablateEach(reader, text.ids, { heads, z: meanOf(text.group), pace }, (head, losses) => {
      const rises = losses.map((loss, row) => loss - own.losses[row]!);
      sums.addHead(judged, sums.heads.get(keyOf(head))!, rises);
      done += 1;
      progress('heads ablated', i * heads.length + done, corpus.count * heads.length);
      partial();
    });
    texts += 1;
  }
  return report();
}

/** A group, by number, and the rows of a text whose next token is judged in it. */
type Judged = readonly { group: number; rows: readonly number[] }[];

/** Row 0 is not ablated, so what follows it tells nothing; nothing follows the last row. */
function judgedIn({ group, ids }: CorpusText, groups: readonly string[]): Judged {
  const rows = Array.from({ length: Math.max(0, ids.length - 1 - FIRST_ROW) }, (_, i) => i + FIRST_ROW);
  const again = rowsOfPairsAgain(ids);
  return [
    { group: 0, rows },
    { group: groups.indexOf(AGAIN), rows: again },
    { group: groups.indexOf(group), rows },
    { group: groups.indexOf(`${group} ${AGAIN}`), rows: again },
  ].filter((each) => each.group >= 0);
}

/** Rows whose token, followed by the same token, stood earlier in the text. Row 0 counts neither way. */
export function rowsOfPairsAgain(ids: Uint32Array): number[] {
  const seen = new Set<string>();
  const rows: number[] = [];
  for (let row = FIRST_ROW; row + 1 < ids.length; row++) {
    const pair = `${ids[row]} ${ids[row + 1]}`;
    if (seen.has(pair)) rows.push(row);
    seen.add(pair);
  }
  return rows;
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

  /** @param losses of what follows each row */
  addText(judged: Judged, losses: Float64Array): void {
    for (const { group, rows } of judged) {
      this.#tokens[group]! += rows.length;
      this.#loss[group]! += sumOver(losses, rows);
    }
  }

  addHead(judged: Judged, head: number, rises: Float64Array): void {
    for (const { group, rows } of judged) {
      this.#headTokens[head * this.groups.length + group]! += rows.length;
      this.#rise[head * this.groups.length + group]! += sumOver(rises, rows);
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

const sumOver = (values: Float64Array, rows: readonly number[]): number =>
  rows.reduce((sum, row) => sum + values[row]!, 0);

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
