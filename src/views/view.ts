import { type ComponentType, lazy, type LazyExoticComponent } from 'react';

/** One screen of the page. Registered in `registry.ts`; its id is the first part of every link to it. */
export interface ViewDef {
  /** Lower-case letters, digits and hyphens. */
  id: string;
  title: string;
  /** One sentence, for the menu. */
  description: string;
  /** It shows something without a model. Default: it is drawn only while one is open. */
  withoutModel?: boolean;
  /** It shows what the model predicts of the text and how well the dictionary stands for it; else neither is computed. */
  predicts?: true;
  /** Made by `fetched`: not part of what comes before the first view. */
  View: LazyExoticComponent<ComponentType>;
  /** Fetches the component before it is shown. */
  fetch: () => Promise<unknown>;
}

/** A view's component in a chunk of its own. */
export function fetched(load: () => Promise<{ default: ComponentType }>): Pick<ViewDef, 'View' | 'fetch'> {
  return { View: lazy(load), fetch: load };
}
