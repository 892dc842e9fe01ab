import { create } from 'zustand';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'facet-theme';
const darkSystem = (): MediaQueryList => matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  try {
    const found = localStorage.getItem(KEY) as Theme | null;
    return found && THEMES.includes(found) ? found : 'system';
  } catch {
    return 'system';
  }
}

/** A visitor's own choice, kept in this browser and in no link. */
export const useTheme = create<{ theme: Theme; setTheme: (theme: Theme) => void }>()((set) => ({
  theme: stored(),
  setTheme(theme) {
    set({ theme });
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage switched off: the choice holds until the page is closed.
    }
  },
}));

/** Keeps `data-theme` of the document, which `theme.css` reads, as the choice or the system says. */
export function applyTheme(): void {
  const apply = (): void => {
    const { theme } = useTheme.getState();
    const dark = theme === 'dark' || (theme === 'system' && darkSystem().matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  };
  useTheme.subscribe(apply);
  darkSystem().addEventListener('change', apply);
  apply();
}
