import { CPU_LARGEST_TENSOR } from '../shared/cpu-limits.ts';
import { useBackend } from './backend.ts';
import { usePage } from './store.ts';

/** Largest single buffer that what computes here allows, in bytes; 0 where that is not known. */
export async function largestBuffer(): Promise<number> {
  const opened = usePage.getState().opened?.adapter.backend;
  if ((opened ?? useBackend.getState().backend) === 'cpu') return CPU_LARGEST_TENSOR;
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    return adapter?.limits.maxBufferSize ?? CPU_LARGEST_TENSOR;
  } catch {
    return 0;
  }
}
