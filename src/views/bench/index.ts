import { fetched, type ViewDef } from '../view.ts';

export const bench: ViewDef = {
  id: 'bench',
  title: 'Speed',
  description: 'How fast this device does what the page asks of it, and how close that is to what it can do.',
  ...fetched(() => import('./BenchView.tsx')),
};
