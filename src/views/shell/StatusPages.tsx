import { useState } from 'react';
import type { FallbackProps } from 'react-error-boundary';
import type { Progress } from '../../engine/protocol.ts';
import { FacetError, type FacetErrorCode } from '../../shared/errors.ts';
import { useBackend } from '../../state/backend.ts';
import { usePage } from '../../state/store.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { explain } from '../shared/messages.ts';
import { readableText } from '../shared/visible-text.ts';

const PHASES: Record<Progress['phase'], string> = {
  device: 'Asking what can compute',
  catalogue: 'Reading the catalogue',
  download: 'Fetching',
  compile: 'Compiling kernels',
  upload: 'Moving weights to where they are used:',
  heads: 'Measuring heads:',
  steer: 'Measuring steered texts:',
  scan: 'Reading many texts:',
};

export function LoadingPage() {
  const progress = usePage((state) => state.progress);
  const cancel = usePage((state) => state.cancelLoading);
  const { done = 0, total = 0, phase = 'device', what = '' } = progress ?? {};
  const amount = (value: number): string =>
    progress?.unit === 'bytes' ? formatBytes(value) : formatCount(value);
  return (
    <div className="status-page" aria-busy="true">
      <h1>Facet</h1>
      <p>A language model and its features, live on your own computer. Nothing you type leaves this page.</p>
      <p role="status">
        {PHASES[phase]} {phase === 'device' ? '' : what} …
      </p>
      <progress aria-label="Loading" {...(total > 0 ? { value: Math.min(done, total), max: total } : {})} />
      <p className="small">{total > 0 ? `${amount(done)} of ${amount(total)}` : '\u00a0'}</p>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  );
}

/** What does not happen, or happens otherwise, on the processor. */
const OF_THE_GPU: readonly FacetErrorCode[] = ['device-lost', 'limits', 'out-of-memory'];

export function FailurePage() {
  const failure = usePage((state) => state.failure);
  const retry = usePage((state) => state.retry);
  const goTo = usePage((state) => state.goTo);
  const leave = usePage((state) => state.leaveLink);
  const computeOn = usePage((state) => state.computeOn);
  const backend = useBackend((state) => state.backend);
  const error = failure ?? new FacetError('bug', 'There is no model, and no reason why.');
  const said = explain(error);
  return (
    <div className="status-page">
      <h1>{said.sentence}</h1>
      {said.particular !== said.sentence && <p role="alert">{said.particular}</p>}
      <p>{said.remedy}</p>
      <p className="row">
        <button type="button" className="primary" onClick={() => void retry()}>
          Start again
        </button>
        <button type="button" onClick={() => void leave('default')}>
          Open the usual view
        </button>
        <button type="button" onClick={() => goTo('models')}>
          Choose another model
        </button>
        {backend !== 'cpu' && OF_THE_GPU.includes(error.code) && (
          <button type="button" onClick={() => void computeOn('cpu')}>
            Compute on the CPU
          </button>
        )}
        <CopyDiagnostics error={error} />
      </p>
    </div>
  );
}

/** For a link that cannot be read, or that names a view this page does not have. Fetches nothing by itself. */
export function BadLinkPage({ unknownView }: { unknownView?: string }) {
  const failure = usePage((state) => state.failure);
  const salvage = usePage((state) => state.salvage);
  const leave = usePage((state) => state.leaveLink);
  const said = explain(failure ?? new FacetError('bad-link', `There is no view called “${unknownView}”.`));
  return (
    <div className="status-page">
      <h1>{said.sentence}</h1>
      <p role="alert">{said.particular}</p>
      <p>{said.remedy}</p>
      {salvage && salvage.parts.length > 0 && (
        <>
          <h2>What can be read of it</h2>
          <dl className="salvage">
            {salvage.parts.map(({ what, value }) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>
                  <bdi>{readableText(value.slice(0, 400))}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <p className="row">
        <button type="button" className="primary" onClick={() => void leave('default')}>
          Open the usual view
        </button>
        {salvage && salvage.parts.length > 0 && (
          <button type="button" onClick={() => void leave('salvage')}>
            Open what can be read
          </button>
        )}
      </p>
    </div>
  );
}

/** A fault of ours inside a view: the rest of the page, and the view's state, live on. */
export function BrokenView({ error, resetErrorBoundary }: FallbackProps) {
  const wrapped = FacetError.from(error);
  const said = explain(wrapped);
  return (
    <div className="status-page">
      <h1>{said.sentence}</h1>
      <p role="alert">{said.particular}</p>
      <p className="row">
        <button type="button" className="primary" onClick={resetErrorBoundary}>
          Show the view again
        </button>
        <CopyDiagnostics error={wrapped} />
      </p>
    </div>
  );
}

/** Error, adapter and limits as text for a report. Leaves the prompt out: it is the visitor's own. */
function CopyDiagnostics({ error }: { error: FacetError }) {
  const diagnostics = usePage((state) => state.diagnostics);
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    const engine = await diagnostics().catch((thrown: unknown) => String(thrown));
    const report = { error: error.toRecord(), engine, browser: navigator.userAgent, page: location.pathname };
    try {
      await navigator.clipboard.writeText(JSON.stringify(report, null, 1));
      setSaid('Copied');
    } catch {
      setSaid('The browser did not allow copying.');
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        Copy diagnostics
      </button>
      <span role="status">{said}</span>
    </>
  );
}
