import { Suspense } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { usePage } from '../state/store.ts';
import { views } from './registry.ts';
import { Header } from './shell/Header.tsx';
import { Messages } from './shell/Messages.tsx';
import { BadLinkPage, BrokenView, FailurePage, LoadingPage } from './shell/StatusPages.tsx';

/** Header, messages, and either the view of the link or the page that says why there is none. */
export function App() {
  const phase = usePage((state) => state.phase);
  return (
    <>
      <a className="skip-link" href="#main" onClick={skipToMain}>
        Skip to the view
      </a>
      <Header />
      <Messages />
      <main id="main" tabIndex={-1}>
        <ErrorBoundary FallbackComponent={BrokenView}>
          {phase === 'loading' && <LoadingPage />}
          {phase === 'failed' && <FailurePage />}
          {phase === 'bad-link' && <BadLinkPage />}
          {phase === 'ready' && <CurrentView />}
        </ErrorBoundary>
      </main>
    </>
  );
}

// The address bar's fragment is the link to the view, so an ordinary anchor would overwrite it.
function skipToMain(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function CurrentView() {
  const id = usePage((state) => state.view.view);
  const found = views.find((view) => view.id === id);
  if (!found) return <BadLinkPage unknownView={id} />;
  const { View } = found;
  return (
    <Suspense fallback={<LoadingPage />}>
      <View />
    </Suspense>
  );
}
