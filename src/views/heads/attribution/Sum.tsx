import type { AttributionRecord } from '../../../engine/protocol.ts';
import { formatActivation, formatFixed } from '../../shared/format.ts';
import { Info } from '../../shared/Info.tsx';
import { additivity, signed } from './derive.ts';

/** Whether everything that is shown adds up to what it explains. Always in sight. */
export function Sum({ record }: { record: AttributionRecord }) {
  const { value, parts, residue, gap } = additivity(record);
  // Single precision, as the engine promises: |gap| ≤ 1e-4 · max(1, |value|).
  const exact = Math.abs(gap) <= 1e-4 * Math.max(1, Math.abs(value));
  const digits = Math.max(3, Math.min(9, 3 - Math.floor(Math.log10(Math.max(1e-9, Math.abs(value))))));
  return (
    <p className="sum small" data-figure="sum">
      <span aria-hidden="true">{exact ? '✓ ' : '⚠ '}</span>
      Parts <strong>{formatFixed(parts, digits)}</strong> and residue{' '}
      <strong>{formatFixed(residue, digits)}</strong> give <strong>{formatFixed(value, digits)}</strong>:{' '}
      {exact ? 'nothing is missing' : `${signed(gap)} is missing`} (|difference|{' '}
      {formatActivation(Math.abs(gap))}).{' '}
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
