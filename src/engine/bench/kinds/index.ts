import type { BenchContext, Prepare, Prepared } from '../prepared.ts';
import type { WorkloadKind, WorkloadShape } from '../workloads.ts';
import { attention } from './attention.ts';
import { block } from './block.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { encoderMatmul } from './encoder-matmul.ts';
import { forward } from './forward.ts';
import { steer } from './steer.ts';
import { step } from './step.ts';

/** Every kind of workload; what sizes they are run with is in `workloads.ts`. */
const kinds: { [Kind in WorkloadKind]: Prepare<Kind> } = {
  block,
  forward,
  encode,
  'encoder-matmul': encoderMatmul,
  decode,
  step,
  steer,
  attention,
};

/** @throws FacetError `unsupported` for a model that reads fewer tokens, `limits`, `out-of-memory` */
export function prepare(context: BenchContext, shape: WorkloadShape): Promise<Prepared> {
  return (kinds[shape.kind] as Prepare<WorkloadKind>)(context, shape);
}
