import { explore } from './explore/index.ts';
import type { ViewDef } from './view.ts';

/** Every screen; adding one is a folder here and a line in this list. The first is the default. */
export const views: readonly ViewDef[] = [explore];
