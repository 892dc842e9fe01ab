import type { DictionaryMatch } from '../../../engine/protocol.ts';
import { BinsChart } from '../../shared/BinsChart.tsx';
import { formatFixed } from '../../shared/format.ts';
import { cosineBins } from './match-derived.ts';

/** How alike latents and their best matches are. */
export function CosineHistogram({ match: { nearest, cosine } }: { match: DictionaryMatch }) {
  return (
    <BinsChart
      bins={cosineBins(nearest, cosine)}
      scale="linear"
      label="Latents by best cosine"
      counted="latents"
      along="cosine with the best match"
      show={(value) => formatFixed(value, 2)}
      height={130}
    />
  );
}
