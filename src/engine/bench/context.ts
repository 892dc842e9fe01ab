import { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Session } from '../session.ts';
import type { BenchContext, Belongings } from './prepared.ts';
import { SeededFile } from './seeded-file.ts';
import { seededModels, tensorValues } from './workloads.ts';

/** What the workloads of one run share. @param belongings disposes of it */
export function contextOf({ opened, turn, signal }: Session, belongings: Belongings): BenchContext {
  const { gpu } = opened.model;
  const shared = new Map<string, Promise<Disposable>>();
  const once = <Made extends Disposable>(key: string, make: () => Promise<Made>): Promise<Made> => {
    const found = shared.get(key) as Promise<Made> | undefined;
    if (found) return found;
    const made = make().then((one) => belongings.use(one));
    shared.set(key, made);
    // A failure is told where it is asked for; what comes later may find room again.
    made.catch(() => shared.delete(key));
    return made;
  };
  return {
    gpu,
    open: opened.model,
    seeded: (name) =>
      once(name, () => {
        const model = seededModels[name]();
        return Transformer.load(gpu, model.config, new SeededFile(model), { signal });
      }),
    tensor: (tensor) =>
      once(`${tensor.name} ${tensor.shape.join()}`, () =>
        gpu.uploadWeights(tensorValues(tensor), tensor.shape),
      ),
    turn,
    async pause() {
      await new Promise((resolve) => {
        setTimeout(resolve);
      });
      if (signal.aborted) throw new FacetError('cancelled', 'Cancelled.');
    },
  };
}
