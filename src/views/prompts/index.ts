import { lazy } from 'react';
import type { ViewDef } from '../view.ts';

export const prompts: ViewDef = {
  id: 'prompts',
  title: 'Prompts',
  description: 'Bring texts by the thousand, and read them all through model and dictionary.',
  View: lazy(() => import('./PromptsView.tsx')),
};
