/** The closed list of what can go wrong; `src/views/shared/messages.ts` has one sentence and remedy for each. */
export type FacetErrorCode =
  | 'insecure-context'
  | 'no-webgpu'
  | 'no-adapter'
  | 'limits'
  | 'device-lost'
  | 'out-of-memory'
  | 'not-found'
  | 'network'
  | 'no-access'
  | 'storage-full'
  | 'bad-file'
  | 'unsupported'
  | 'mismatch'
  | 'bad-input'
  | 'bad-link'
  | 'cancelled'
  | 'bug';

/** Plain form of a `FacetError`, safe to send between threads. */
export interface FacetErrorRecord {
  code: FacetErrorCode;
  message: string;
  hint?: string;
  detail?: string;
}

/** The one error type that crosses the worker boundary. `message` says what happened, `hint` what to do. */
export class FacetError extends Error {
  override readonly name = 'FacetError';
  readonly code: FacetErrorCode;
  readonly hint?: string;
  readonly detail?: string;

  constructor(
    code: FacetErrorCode,
    message: string,
    options: { hint?: string; detail?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.detail = options.detail;
  }

  toRecord(): FacetErrorRecord {
    return { code: this.code, message: this.message, hint: this.hint, detail: this.detail };
  }

  /** Wraps anything thrown; a `FacetError` is passed through, everything else becomes a `bug`. */
  static from(thrown: unknown): FacetError {
    if (thrown instanceof FacetError) return thrown;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (error.name === 'AbortError') return new FacetError('cancelled', 'Cancelled.', { cause: error });
    return new FacetError('bug', error.message, { detail: error.stack, cause: error });
  }
}
