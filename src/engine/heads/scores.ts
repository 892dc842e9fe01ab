import { scoreText } from '../../analysis/heads/attention-scores.ts';
import { openCorpus } from '../../analysis/heads/corpus.ts';
import { unembeddingMean } from '../../analysis/heads/head-matrices.ts';
import { Pace } from '../../analysis/heads/pace.ts';
import { repeatedTexts, tokensOf } from '../../analysis/heads/repeated.ts';
import { headScores } from '../../analysis/heads/scores/index.ts';
import type { AttentionScore } from '../../analysis/heads/scores/score.ts';
import { Totals } from '../../analysis/heads/totals.ts';
import type { HeadScores, Progress, ScoresRequest } from '../protocol.ts';
import type { Session } from '../session.ts';
import { everySecond, readerOf, readingOf } from './reading.ts';

/** Values that come from the weights have no spread. */
interface WeightValues {
  values: Float32Array;
  note?: string;
}

/**
 * See `HeadsApi.scores`. Repeated random tokens first, which are few, then the corpus, then what the weights say.
 * @throws FacetError `bad-input`, `cancelled`
 */
export async function scoreHeads(
  session: Session,
  { corpus: asked }: ScoresRequest,
  {
    onProgress,
    onPartial,
  }: { onProgress: (progress: Progress) => void; onPartial: (partial: HeadScores) => void },
): Promise<HeadScores> {
  const reader = readerOf(session);
  const reading = readingOf(session);
  const corpus = openCorpus(asked, reading);
  const { nLayers, nHeads } = reader.model.config;
  const size = nLayers * nHeads;
  const totals = new Map(headScores.map((score) => [score.info.id, new Totals(size)]));
  const weights = new Map<string, WeightValues>();
  const read = { texts: 0, tokens: 0 };
  const report = (): HeadScores => ({
    corpus: asked,
    ...read,
    scores: headScores.map(({ info, kind }) => {
      const { values, note } = weights.get(info.id) ?? { values: totals.get(info.id)!.mean };
      const spread = kind === 'weights' ? new Float32Array(size).fill(NaN) : totals.get(info.id)!.spread;
      return { info, values: values.slice(), spread, ...(note !== undefined && { note }) };
    }),
  });
  const partial = everySecond(() => onPartial(report()));
  const progress = (what: string, done: number, total: number): void =>
    onProgress({ phase: 'heads', what, done, total, unit: 'steps' });

  const mean = await unembeddingMean(reader);
  const pace = new Pace(nLayers);
  const run = async (
    texts: AttentionScore['texts'],
    text: Parameters<typeof scoreText>[1],
  ): Promise<void> => {
    const scores = headScores.filter(
      (score): score is AttentionScore => score.kind === 'attention' && score.texts === texts,
    );
    const found = await scoreText(reader, text, scores, { pace, mean });
    scores.forEach(({ info }, i) => totals.get(info.id)!.add(found[i]!.sums, found[i]!.rows));
    partial();
  };
  const repeated =
    reading.rows < reading.prefix.length + 4 ? [] : repeatedTexts(reading, { among: tokensOf(corpus) });
  for (const [i, text] of repeated.entries()) {
    await run('repeated', text);
    progress('repeated random tokens', i + 1, repeated.length);
  }
  for (let i = 0; i < corpus.count; i++) {
    const text = corpus.text(i);
    await run('corpus', text);
    read.texts += 1;
    read.tokens += text.ids.length - text.prefix;
    progress('texts', i + 1, corpus.count);
  }
  for (const score of headScores) {
    if (score.kind !== 'weights') continue;
    const own: WeightValues = { values: new Float32Array(size).fill(NaN) };
    weights.set(score.info.id, own);
    for (let i = 0; i < size; i++) {
      const { value, note } = await score.compute(reader, {
        layer: Math.floor(i / nHeads),
        head: i % nHeads,
      });
      own.values[i] = value;
      if (note !== undefined) own.note = note;
      progress(score.info.title, i + 1, size);
      partial();
    }
  }
  return report();
}
