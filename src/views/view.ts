import type { ComponentType, LazyExoticComponent } from 'react';

/** One screen of the page. Registered in `registry.ts`; its id is the first part of every link to it. */
export interface ViewDef {
  /** Lower-case letters, digits and hyphens. */
  id: string;
  title: string;
  /** One sentence, for the menu. */
  description: string;
  /** Fetched when first shown; drawn only while a model is open. */
  View: LazyExoticComponent<ComponentType>;
}
