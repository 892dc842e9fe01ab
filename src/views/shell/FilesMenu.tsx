import { lazy, Suspense, useState } from 'react';

const FilesDialog = lazy(() => import('./FilesDialog.tsx'));

/** Files of the whole page: sessions, notes, explanations. The dialog is fetched when it is first wanted. */
export function FilesMenu() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="quiet" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Files
      </button>
      {open && (
        <Suspense fallback={null}>
          <FilesDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
