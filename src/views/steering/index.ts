import { fetched, type ViewDef } from '../view.ts';

export const steering: ViewDef = {
  id: 'steering',
  title: 'Steering',
  description: 'Change features, heads or layers, and see what the model then says.',
  ...fetched(() => import('./SteeringView.tsx')),
};
