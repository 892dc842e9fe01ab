import type { ComponentType, LazyExoticComponent } from 'react';

/** One screen of the page. Registered in `registry.ts`; its id is the first part of every link to it. */
export interface ViewDef {
  /** Lower-case letters, digits and hyphens. */
  id: string;
  title: string;
  /** One sentence, for the menu. */
  description: string;
  /** It shows something without a model. Default: it is drawn only while one is open. */
  withoutModel?: boolean;
  /** Fetched when first shown. */
  View: LazyExoticComponent<ComponentType>;
}
