import type { AttributionRecord } from '../../../engine/protocol.ts';
import { formatFixed } from '../../shared/format.ts';
import { Info } from '../../shared/Info.tsx';
import { additivity } from './derive.ts';

/** Whether everything that is shown adds up to what it explains. Always in sight. */
export function Sum({ record }: { record: AttributionRecord }) {
  const { value, parts, residue, gap } = additivity(record);
  // Single precision, as the engine promises: |gap| ≤ 1e-4 · max(1, |value|).
  const exact = Math.abs(gap) <= 1e-4 * Math.max(1, Math.abs(value));
  return (
    <p className="sum small" data-figure="sum">
      <span aria-hidden="true">{exact ? '✓ ' : '⚠ '}</span>
      The parts add up to <strong>{formatFixed(parts, 4)}</strong> of <strong>{formatFixed(value, 4)}</strong>
      ; residue <strong>{formatFixed(residue, 4)}</strong>
      {exact ? ', nothing missing' : `, ${gap.toPrecision(2).replace('-', '−')} is missing`}.{' '}
      <Info label="What adds up">
        <p>
          With the attention patterns and the scales of the norms held as they are here, a pre-activation is a
          sum: over heads, over the tokens they read, and over what wrote the residual stream there. No
          approximation is made, so parts and residue must give the value, to 1e-4 in single precision.
        </p>
        <p>Residue: biases that belong to no part. It is shown as a bar of its own and never spread.</p>
      </Info>
    </p>
  );
}
