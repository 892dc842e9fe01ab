import { lazy } from 'react';
import type { ViewDef } from '../view.ts';

export const explore: ViewDef = {
  id: 'explore',
  title: 'Explore',
  description: 'Which features fire on each token of a text, and what each of them does.',
  View: lazy(() => import('./ExploreView.tsx')),
};
