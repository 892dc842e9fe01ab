import type { LibraryProgress } from '../../library/protocol.ts';
import { useLibrary } from '../../state/library.ts';
import { listingOf } from '../../state/sets.ts';
import { formatBytes, formatDuration } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';

const PHASES: Record<LibraryProgress['phase'], string> = {
  wait: 'Waiting for its turn (another tab may be at it):',
  look: 'Asking for',
  check: 'Checking',
  download: 'Downloading',
  hash: 'Reading',
  copy: 'Keeping',
};

/** A download or import of one set: how far, how fast, how long, and how to stop or resume it. */
export function JobProgress({ id }: { id: string }) {
  const job = useLibrary((state) => state.jobs[id]);
  const stop = useLibrary((state) => state.stop);
  const download = useLibrary((state) => state.download);
  const dismiss = useLibrary((state) => state.dismiss);
  const set = useLibrary((state) => state.looks[id]?.set);
  if (!job) return null;
  const { state, progress, rate, error, paths } = job;
  const { done = 0, total = 0, what = '' } = progress ?? {};
  const size = set && listingOf(set).find(({ path }) => path === what)?.bytes;
  const kept = `${formatBytes(done)} of ${formatBytes(total)} are here and kept.`;
  return (
    <div className="job">
      {state === 'running' && (
        <>
          <p role="status" className="small">
            {progress
              ? `${PHASES[progress.phase]} ${what}${size === undefined ? '' : ` (${formatBytes(size)})`} …`
              : 'Starting …'}
          </p>
          <progress
            aria-label={progress ? PHASES[progress.phase] : 'Starting'}
            {...(total > 0 ? { value: Math.min(done, total), max: total } : {})}
          />
          <p className="small job-figures">
            {total > 0 && `${formatBytes(done)} of ${formatBytes(total)} in all`}
            {rate > 0 && ` · ${formatBytes(rate)}/s`}
            {rate > 0 && total > done && ` · ${formatDuration((total - done) / rate)} left`}
            {progress?.note && ` · ${progress.note}`}
          </p>
          <button type="button" onClick={() => stop(id)}>
            Cancel
          </button>
        </>
      )}
      {state === 'stopped' && (
        <p role="status" className="small">
          Stopped as you asked. {paths.length > 0 && total > 0 && kept}
        </p>
      )}
      {state === 'failed' && <Trouble error={error} />}
      {state !== 'running' && (
        <p className="row">
          {paths.length > 0 && (
            <button type="button" className="primary" onClick={() => void download(id, paths)}>
              Resume
            </button>
          )}
          <button type="button" onClick={() => dismiss(id)}>
            Dismiss
          </button>
        </p>
      )}
    </div>
  );
}
