import { attentionRowScoresKernel, FACTORS, MOST_MEASURES } from '../../kernels/attention_row_scores.ts';
import { weighPatternKernel } from '../../kernels/weigh_pattern.ts';
import { cpuKernel } from '../kernel.ts';

export const attentionRowScores = cpuKernel(attentionRowScoresKernel, ({ dims, tensors }) => {
  const { n_rows: nRows, n_measures: nMeasures } = dims;
  const [pattern, rise, sums] = [tensors.pattern.f32, tensors.rise.f32, tensors.sums.f32];
  const [marks, measures] = [tensors.marks.u32, tensors.measures.u32];
  const nHeads = sums.length / (nRows * nMeasures);
  const own = new Float64Array(nMeasures);
  for (let head = 0; head < nHeads; head++)
    for (let t = 0; t < nRows; t++) {
      own.fill(0);
      for (let s = 0; s <= t; s++) {
        const entry = pattern[(head * nRows + t) * nRows + s]!;
        // 0 log 0 is 0; a masked entry adds nothing whatever its factor.
        if (!(entry > 0)) continue;
        const mark = marks[t * nRows + s]!;
        for (let m = 0; m < nMeasures; m++) {
          const [bit, factor] = [measures[2 * m]!, measures[2 * m + 1]!];
          if (bit < MOST_MEASURES && ((mark >>> bit) & 1) === 0) continue;
          if (factor === FACTORS.distance) own[m]! += entry * (t - s);
          else if (factor === FACTORS.surprise) own[m]! -= entry * Math.log2(entry);
          else if (factor === FACTORS.rise) own[m]! += entry * rise[head * nRows + s]!;
          else own[m]! += entry;
        }
      }
      sums.set(own, (head * nRows + t) * nMeasures);
    }
});

export const weighPattern = cpuKernel(weighPatternKernel, ({ dims, tensors }) => {
  const { n_rows: nRows, first, count, lowest } = dims;
  const [x, weights, y] = [tensors.x.f32, tensors.key_weights.f32, tensors.y.f32];
  for (let t = 0; t < nRows; t++)
    for (let s = 0; s < nRows; s++) {
      let sum = 0;
      let masked = false;
      for (let head = first; head < first + count; head++) {
        const entry = x[(head * nRows + t) * nRows + s]!;
        masked ||= entry <= lowest;
        sum += entry * weights[head * nRows + s]!;
      }
      y[t * nRows + s] = masked ? lowest : sum;
    }
});
