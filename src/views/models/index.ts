import { fetched, type ViewDef } from '../view.ts';

export const models: ViewDef = {
  id: 'models',
  title: 'Models',
  description: 'Models and dictionaries to open: of this site, of a hub, or your own files.',
  withoutModel: true,
  ...fetched(() => import('./ModelsView.tsx')),
};
