import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { usePage } from './state/store.ts';
import { applyTheme } from './state/theme.ts';
import { App } from './views/App.tsx';
import { needsModel } from './views/registry.ts';
import './views/theme.css';
import './views/app.css';

applyTheme();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
void usePage.getState().start(needsModel);
