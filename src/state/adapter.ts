/** Largest single buffer the adapter allows, in bytes; 0 where there is no adapter or it does not say. */
export async function largestBuffer(): Promise<number> {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    return adapter?.limits.maxBufferSize ?? 0;
  } catch {
    return 0;
  }
}
