import { transferHandlers } from 'comlink';
import { FacetError, type FacetErrorRecord } from '../shared/errors.ts';

/** What Comlink's own `throw` handler is given. */
interface ThrownValue {
  value: unknown;
}

/**
 * Comlink keeps only name, message and stack of an error. This replaces its `throw` handler on both sides, so that a
 * `FacetError` arrives as one, with code, hint and detail, and anything else arrives as a `bug`.
 */
export function installErrorTransfer(): void {
  const original = transferHandlers.get('throw');
  if (!original) throw new Error('comlink has no throw handler');
  transferHandlers.set('throw', {
    canHandle: (value): value is ThrownValue => original.canHandle(value),
    serialize: ({ value }: ThrownValue) => [FacetError.from(value).toRecord(), []],
    deserialize: (record: FacetErrorRecord): never => {
      throw new FacetError(record.code, record.message, record);
    },
  });
}
