import { lazy } from 'react';
import type { ViewDef } from '../view.ts';

export const models: ViewDef = {
  id: 'models',
  title: 'Models',
  description: 'Models and dictionaries to open: of this site, of a hub, or your own files.',
  withoutModel: true,
  View: lazy(() => import('./ModelsView.tsx')),
};
