import { useState } from 'react';
import type { CorpusReference, Progress, ScanStatistics } from '../../engine/protocol.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { formatCount, formatDuration } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { AFTER_STOP } from '../shared/Working.tsx';
import { KeptScans } from './KeptScans.tsx';

/** Longer than this is worth a word before one waits for it, in seconds. */
const LONG = 600;

/** Which texts are read with which dictionary, how far that is, and what was read before. */
export function Scan() {
  const dictionary = usePage((state) => state.opened?.dictionary);
  const statistics = usePage((state) => state.statistics);
  const { corpus, missing, looking, failure } = useScans();
  const chosen = dictionary && corpus;
  return (
    <Panel
      title="Read them all"
      about="Every text goes through the model up to the dictionary’s hook, and through the dictionary. Texts longer than the context are read in consecutive windows. What has been read stays on this device, so a scan can be stopped, or the page closed, and read on later with the same result."
      table={() => scanTable(statistics)}
      images={false}
    >
      {!dictionary && <p className="quiet-text">Reading needs a dictionary: choose one above.</p>}
      {dictionary && missing && (
        <p>
          The texts this view is over are not on this device. Add the file on the left, or choose other texts.
        </p>
      )}
      {dictionary && looking && <p role="status">Looking for what was read before …</p>}
      {chosen && !looking && <Reading corpus={corpus} dictionary={dictionary.hook} />}
      <Trouble error={failure} />
      <KeptScans />
    </Panel>
  );
}

const scanTable = (statistics: ScanStatistics | undefined) => ({
  columns: ['figure', 'value'],
  rows: statistics
    ? ([
        ['texts', statistics.corpus.name],
        ['texts read', statistics.items],
        ['texts in all', statistics.corpus.items],
        ['tokens', statistics.tokens],
        ['longer than the context', statistics.longItems],
        ['model', `${statistics.model} ${statistics.modelDigest}`],
        ['dictionary', `${statistics.dictionary} ${statistics.dictionaryDigest}`],
      ] as [string, string | number][])
    : [],
});

function Reading({ corpus, dictionary }: { corpus: CorpusReference; dictionary: string }) {
  const statistics = usePage((state) => state.statistics);
  const sampling = usePage((state) => state.sampling);
  const { run, pause } = useScans();
  const [sure, setSure] = useState(false);
  const own = corpus.kind === 'own' ? corpus.files.manifest : undefined;
  const total = own?.items ?? (corpus.kind === 'storyworld' ? corpus.items : 0);
  const done = statistics?.items ?? 0;
  const complete = done > 0 && done >= total;
  return (
    <>
      <p>
        <strong>{own?.name ?? `Storyworld, seed ${corpus.kind === 'storyworld' ? corpus.seed : ''}`}</strong>:{' '}
        {formatCount(total)} texts, with the dictionary on <code>{dictionary}</code>.{' '}
        {statistics && (
          <span data-figure="read">
            Read: {formatCount(done)} texts, {formatCount(statistics.tokens)} tokens
            {complete ? ', all of them.' : '.'}
          </span>
        )}
        {statistics && statistics.longItems > 0 && (
          <> {formatCount(statistics.longItems)} are longer than the context and were read in windows.</>
        )}
      </p>
      {sampling ? (
        <Running progress={sampling} onPause={pause} />
      ) : (
        <p className="row">
          {!complete && (
            <button type="button" className="primary" onClick={() => void run()} {...AFTER_STOP}>
              {done > 0 ? 'Read on' : `Read ${formatCount(total)} texts`}
            </button>
          )}
          {done > 0 &&
            (sure ? (
              <>
                <span className="small">Forget what was read, and read everything again?</span>
                <button
                  type="button"
                  onClick={() => {
                    setSure(false);
                    void run(true);
                  }}
                >
                  Read again
                </button>
                <button type="button" className="quiet" onClick={() => setSure(false)}>
                  Keep it
                </button>
              </>
            ) : (
              <button type="button" className="quiet" onClick={() => setSure(true)}>
                Read anew …
              </button>
            ))}
        </p>
      )}
    </>
  );
}

/** How far a scan is, how fast, and how long it will still take. */
function Running({ progress, onPause }: { progress: Progress; onPause: () => void }) {
  const { done, total } = progress;
  const left = timeLeft(progress);
  return (
    <div className="scan-running">
      <div className="row working">
        <progress
          aria-label="Reading texts"
          {...(total > 0 ? { value: Math.min(done, total), max: total } : {})}
        />
        <button
          type="button"
          onClick={(event) => {
            const panel = event.currentTarget.closest('.panel');
            onPause();
            requestAnimationFrame(() => panel?.querySelector<HTMLElement>('[data-after-stop]')?.focus());
          }}
        >
          Pause
        </button>
      </div>
      <p className="small" role="status">
        {total > 0 ? `${formatCount(done)} of ${formatCount(total)} texts` : 'Beginning …'}
        {progress.tokensPerSecond !== undefined &&
          progress.tokensPerSecond > 0 &&
          `, ${formatCount(Math.round(progress.tokensPerSecond))} tokens a second`}
        {left !== undefined && `, ${formatDuration(left)} left`}
      </p>
      {left !== undefined && left > LONG && (
        <p className="small note">
          This will take a while on this adapter. What is read can be used meanwhile, and reading can be
          paused at any time.
        </p>
      )}
    </div>
  );
}

/** Seconds still to be waited, if the other texts are as long as those read; undefined before there is a pace to tell. */
function timeLeft({ done, total, tokens = 0, tokensPerSecond = 0 }: Progress): number | undefined {
  if (done === 0 || total === 0 || tokensPerSecond === 0) return undefined;
  return ((tokens / done) * (total - done)) / tokensPerSecond;
}
