import { effects } from '../../analysis/steering/effects.ts';
import { FLUENCY_LIMIT, fluencyLoss } from '../../shared/steering-effect.ts';
import { bundledEngine } from '../../testing/bundled-engine.ts';
import { gpuCases } from '../../testing/cases.ts';
import type { SuggestedLatent } from '../protocol.ts';

const nothing = (): void => {};
const ROWS = import.meta.env.VITE_ALL ? 2 : 1;
const LEAST_RATIO = 3;
/** So few texts give a loss to about a tenth. */
const LOSS_ERROR = 0.1;

/** The latents that stay clear of the limits most, each of another property: a small sample must be able to tell. */
function clearest(latents: readonly SuggestedLatent[]): SuggestedLatent[] {
  const sorted = latents
    .filter((latent) => latent.fluencyLoss < (2 * (FLUENCY_LIMIT - 1)) / 3)
    .sort((a, b) => b.ratioLow - a.ratioLow);
  const first = sorted.filter(({ effect }, i) => sorted.findIndex((each) => each.effect === effect) === i);
  return first.slice(0, ROWS);
}

export const cases = gpuCases('the table of suggestions', {
  'is of the bundled model, and its clearest rows are found again on other texts': async () => {
    const engine = await bundledEngine();
    const table = structuredClone(await engine.steer.suggestions(81));
    const rows = clearest(table?.latents ?? []);
    if (rows.length < ROWS) throw new Error('there are no rows to measure again');
    for (const row of rows) {
      const { dictionary, feature, strength, unit, scope } = row;
      const sweep = await engine.steer.sweep(
        {
          prompts: { kind: 'storyworld', seed: 41, items: 16 },
          interventions: [{ kind: 'add', dictionary, feature, strength, unit, scope: { kind: scope } }],
          index: 0,
          strengths: [strength],
          sampling: { temperature: 0.5, topK: 0, topP: 1, repetitionPenalty: 1, seed: 5 },
          tokens: 24,
          samples: 1,
        },
        82,
        nothing,
        nothing,
      );
      const effect = effects.findIndex(({ id }) => id === row.effect);
      const point = sweep.points[0]!;
      const [rate, error] = [point.rates[effect]!, 2 * point.errors[effect]!];
      const found = `${dictionary} ${feature}, ${row.effect}: ${row.baseRate} to ${rate} ± ${error}`;
      if (!(rate >= LEAST_RATIO * row.baseRate)) throw new Error(`not three times: ${found}`);
      if (!(Math.abs(rate - row.rate) <= Math.max(error, row.rate)))
        throw new Error(`another rate: ${found}`);
      const lost = fluencyLoss(sweep.base, point);
      if (!(lost < FLUENCY_LIMIT - 1 + 2 * LOSS_ERROR)) throw new Error(`fluency lost: ${lost}, ${found}`);
    }
  },
});
