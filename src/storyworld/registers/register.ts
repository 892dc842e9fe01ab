import type { Rng } from '../rng.ts';
import type { Item, RegisterId } from '../types.ts';

/** One kind of text of the language. Registered in `index.ts`. */
export interface Register {
  id: RegisterId;
  title: string;
  description: string;
  /** Share of items when all registers are drawn. */
  weight: number;
  generate(rng: Rng): Item;
}
