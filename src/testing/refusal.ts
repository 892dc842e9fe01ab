import { FacetError } from '../shared/errors.ts';

/** @throws Error unless the call rejects, or throws, with this code */
export async function refusal(call: () => Promise<unknown>, code: string): Promise<void> {
  const thrown: unknown = await (async () => call())().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof FacetError) || thrown.code !== code)
    throw new Error(`expected ${code}, got ${String(thrown)}`);
}
