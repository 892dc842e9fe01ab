import { fetched, type ViewDef } from '../view.ts';

export const explore: ViewDef = {
  id: 'explore',
  title: 'Explore',
  description: 'Which features fire on each token of a text, and what each of them does.',
  predicts: true,
  ...fetched(() => import('./ExploreView.tsx')),
};
