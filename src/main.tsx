import './shared/disposal.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { usePage } from './state/store.ts';
import { applyTheme } from './state/theme.ts';
import { readEmbed } from './state/embed.ts';
import { App } from './views/App.tsx';
import { needsModel, predicts } from './views/registry.ts';
import './views/theme.css';
import './views/app.css';

applyTheme();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
const embedded = readEmbed(location.search) !== undefined;
void usePage.getState().start({ needsModel, predicts: (view) => !embedded && predicts(view) });
