import { fetched, type ViewDef } from '../view.ts';

export const features: ViewDef = {
  id: 'features',
  title: 'Features',
  description: 'Every feature of the dictionary: its page, search, comparison and map.',
  ...fetched(() => import('./FeaturesView.tsx')),
};
