import { FacetError } from '../../shared/errors.ts';

/**
 * What is made of logits that are no numbers only looks like a result.
 * @param lse ln Σ exp(logits) of rows of a steered pass
 * @throws FacetError `bad-input` when one is not finite
 */
export function checkOutput(lse: ArrayLike<number>): void {
  if (!Array.prototype.every.call(lse, Number.isFinite)) throw overflowed();
}

/** The same for the logits of a row themselves, of which −∞ is a forbidden token. */
export function checkLogits(logits: Float32Array): void {
  if (!logits.every((logit) => logit < Infinity)) throw overflowed();
}

function overflowed(): FacetError {
  return new FacetError('bad-input', 'The model’s output is no longer a number.', {
    hint: 'Use a smaller strength.',
  });
}
