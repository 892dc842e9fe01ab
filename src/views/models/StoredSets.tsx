import { useState } from 'react';
import type { StoredSet } from '../../library/protocol.ts';
import { SETTINGS, useLibrary } from '../../state/library.ts';
import { usePage } from '../../state/store.ts';
import { formatBytes, formatCount, formatPercent } from '../shared/format.ts';
import { hostOf } from './Dictionaries.tsx';
import { Section } from './Section.tsx';
import { Trouble } from '../shared/Trouble.tsx';

/** What is kept on this device, how much room there is, and how to be rid of it. */
export function StoredSets() {
  const stored = useLibrary((state) => state.stored);
  const failure = useLibrary((state) => state.failures[SETTINGS]);
  return (
    <Section
      title="On this device"
      about={
        <p>
          Downloads are kept in this browser’s storage for this site, so that they open again without the
          network. “Check” reads every file and compares its SHA-256 with that of the download; what fails is
          removed. Browsers may clear such storage when the disk is full, unless they were asked not to.
        </p>
      }
    >
      <Room />
      <Trouble error={failure} />
      {stored?.length === 0 && <p className="quiet-text">Nothing is kept yet.</p>}
      {stored && stored.length > 0 && (
        <ul className="stored" aria-label="Sets on this device">
          {stored.map((set) => (
            <Stored key={set.id} set={set} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Room() {
  const usage = useLibrary((state) => state.usage);
  const persist = useLibrary((state) => state.persist);
  if (!usage) return <p className="small">Reading what is stored …</p>;
  const { usage: used, quota, persisted, durable } = usage;
  return (
    <div className="room">
      {quota > 0 && (
        <>
          <meter aria-label="Storage used by this site" min={0} max={quota} value={used} />
          <p className="small">
            {formatBytes(used)} of the {formatBytes(quota)} this browser allows
            {used / quota > 0.001 && ` (${formatPercent(used / quota)})`}
          </p>
        </>
      )}
      {!durable && (
        <p className="note small">
          This browser keeps nothing here (a private window?): what is downloaded is gone when the page is
          closed.
        </p>
      )}
      {durable && (
        <p className="small row">
          {persisted
            ? 'The browser was asked to keep it, and will.'
            : 'The browser may clear it when the disk is full.'}
          {!persisted && (
            <button type="button" onClick={() => void persist()}>
              Ask the browser to keep it
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function Stored({ set }: { set: StoredSet }) {
  const { id, title, files, bytes, partialBytes, lastUsed, problem, endpoint, license } = set;
  const verified = useLibrary((state) => state.verified[id]);
  const verify = useLibrary((state) => state.verify);
  const remove = useLibrary((state) => state.remove);
  const goTo = usePage((state) => state.goTo);
  const [sure, setSure] = useState(false);
  const damaged = id.startsWith('damaged:');
  return (
    <li className="stored-set">
      <div>
        <p>
          <strong>{title}</strong> · {formatBytes(bytes)} in {formatCount(files.length)}{' '}
          {files.length === 1 ? 'file' : 'files'}
          {partialBytes > 0 && `, of which ${formatBytes(partialBytes)} of downloads that were broken off`}
        </p>
        <p className="small set-id">{id}</p>
        <p className="small">
          {[
            endpoint && `from ${hostOf(endpoint)}`,
            license && `licence ${license}`,
            lastUsed > 0 && `last used ${new Date(lastUsed).toLocaleString()}`,
          ]
            .filter(Boolean)
            .join(' · ')}
          {problem && <span className="note"> {problem}</span>}
        </p>
        <p role="status" className="small">
          {verified === 'running' && 'Checking every file …'}
          {typeof verified === 'object' &&
            (verified.damaged.length === 0
              ? `${formatCount(verified.sound.length)} files are as they were downloaded.`
              : `Damaged and removed: ${verified.damaged.join(', ')}.`)}
        </p>
      </div>
      <p className="row">
        {!damaged && (
          <>
            <button type="button" onClick={() => goTo('models', { look: id })} aria-label={`Show ${title}`}>
              Show
            </button>
            <button
              type="button"
              disabled={verified === 'running'}
              onClick={() => void verify(id)}
              aria-label={`Check ${title}`}
            >
              Check
            </button>
          </>
        )}
        {sure ? (
          <>
            <button
              type="button"
              className="danger"
              onClick={() => void remove(id)}
              aria-label={`Yes, remove ${title}`}
            >
              Yes, remove {formatBytes(bytes)}
            </button>
            <button type="button" onClick={() => setSure(false)}>
              Keep it
            </button>
          </>
        ) : (
          <button type="button" onClick={() => setSure(true)} aria-label={`Remove ${title}`}>
            Remove
          </button>
        )}
      </p>
    </li>
  );
}
