import { bench } from './bench/index.ts';
import { explore } from './explore/index.ts';
import { features } from './features/index.ts';
import { heads } from './heads/index.ts';
import { models } from './models/index.ts';
import { prompts } from './prompts/index.ts';
import { steering } from './steering/index.ts';
import type { ViewDef } from './view.ts';

/** Every screen; adding one is a folder here and a line in this list. The first is the default. */
export const views: readonly ViewDef[] = [explore, features, prompts, heads, steering, bench, models];

export const predicts = (id: string): boolean => views.find((view) => view.id === id)?.predicts ?? false;

/** Unknown views count as needing one: the page that says so appears where the view would. */
export const needsModel = (id: string): boolean => !views.find((view) => view.id === id)?.withoutModel;
