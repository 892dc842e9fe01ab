import { fetched, type ViewDef } from '../view.ts';

export const heads: ViewDef = {
  id: 'heads',
  title: 'Heads',
  description: 'What each attention head looks at, reads and writes, and what is lost without it.',
  ...fetched(() => import('./HeadsView.tsx')),
};
