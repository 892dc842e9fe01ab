import { fetched, type ViewDef } from '../view.ts';

export const prompts: ViewDef = {
  id: 'prompts',
  title: 'Prompts',
  description: 'Bring texts by the thousand, and read them all through model and dictionary.',
  ...fetched(() => import('./PromptsView.tsx')),
};
