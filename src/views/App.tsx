import { lazy, Suspense, useEffect } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { readEmbed } from '../state/embed.ts';
import type { PageState } from '../state/page-state.ts';
import { usePage } from '../state/store.ts';
import { needsModel, views } from './registry.ts';
import { Header } from './shell/Header.tsx';
import { Messages } from './shell/Messages.tsx';
import { BadLinkPage, BrokenView, FailurePage, LoadingPage } from './shell/StatusPages.tsx';

const EmbedPage = lazy(() => import('./embed/EmbedPage.tsx'));
const ConsentPage = lazy(() => import('./models/ConsentPage.tsx'));

const embed = readEmbed(location.search);

/** The page, or, in a frame of another page, one feature alone. */
export function App() {
  return embed ? <Embedded embed={embed} /> : <WholePage />;
}

function Embedded({ embed: wanted }: { embed: NonNullable<typeof embed> }) {
  const phase = usePage((state) => state.phase);
  return (
    <main id="main" tabIndex={-1}>
      <ErrorBoundary FallbackComponent={BrokenView}>
        <Suspense fallback={<LoadingPage />}>
          <EmbedPage embed={wanted}>{phase !== 'ready' && <InsteadOfView phase={phase} />}</EmbedPage>
        </Suspense>
      </ErrorBoundary>
    </main>
  );
}

/** Header, messages, and either the view of the link or the page that says why there is none. */
function WholePage() {
  const phase = usePage((state) => state.phase);
  const view = usePage((state) => state.view.view);
  const ready = phase === 'ready' || (phase !== 'bad-link' && !needsModel(view));
  const loading = phase === 'loading';
  useEffect(() => {
    // While the model is on its way, so that the view is there when it is; a failure is shown where the view would be.
    if (loading)
      void views
        .find(({ id }) => id === view)
        ?.fetch()
        .catch(() => {});
  }, [loading, view]);
  return (
    <>
      <a className="skip-link" href="#main" onClick={skipToMain}>
        Skip to the view
      </a>
      <Header />
      <Messages />
      <main id="main" tabIndex={-1}>
        <ErrorBoundary FallbackComponent={BrokenView}>
          {ready ? <CurrentView /> : <InsteadOfView phase={phase} />}
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

function InsteadOfView({ phase }: { phase: PageState['phase'] }) {
  if (phase === 'failed') return <FailurePage />;
  if (phase === 'bad-link') return <BadLinkPage />;
  if (phase === 'consent') {
    return (
      <Suspense fallback={<LoadingPage />}>
        <ConsentPage />
      </Suspense>
    );
  }
  return <LoadingPage />;
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
