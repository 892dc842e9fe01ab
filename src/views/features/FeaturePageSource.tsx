import { scanFigures } from '../../state/feature-page.ts';
import { isCatalogued } from '../../state/opening.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { Reading } from '../explore/FeatureSample.tsx';
import { formatCount } from '../shared/format.ts';

/** What the page's figures rest on: which texts, how much of them, under which model and dictionary; and how to read on. */
export function FeaturePageSource() {
  const figures = usePage(scanFigures);
  const sampling = usePage((state) => state.sampling);
  const foreign = usePage(({ opened }) => opened !== undefined && !isCatalogued(opened.model.id));
  const goTo = usePage((state) => state.goTo);
  const missing = useScans((state) => state.missing);
  const looking = useScans((state) => state.looking);
  const complete = figures !== undefined && figures.items >= figures.corpus.items;
  return (
    <section className="panel feature-source" aria-label="What this page rests on">
      {figures ? (
        <>
          <p className="feature-source-what">
            <strong>{figures.corpus.name}</strong>
            <span>
              <span data-figure="texts read">{formatCount(figures.items)}</span> of{' '}
              {formatCount(figures.corpus.items)} texts
            </span>
            <span>
              <span data-figure="tokens read">{formatCount(figures.tokens)}</span> tokens
            </span>
            <span className={`badge ${complete ? 'badge-done' : ''}`}>
              {complete ? 'complete' : 'so far'}
            </span>
          </p>
          <p className="small">
            {figures.model} <code>{figures.modelDigest.slice(0, 8)}</code> · {figures.dictionary}{' '}
            <code>{figures.dictionaryDigest.slice(0, 8)}</code> · first row of every window left out
          </p>
        </>
      ) : (
        !missing && (
          <p className="quiet-text" role="status">
            {looking
              ? 'Looking up what was read before …'
              : sampling
                ? 'Nothing of these texts has been read yet.'
                : 'Nothing has been read: examples and statistics need texts.'}
          </p>
        )
      )}
      {foreign && figures?.corpus.id.startsWith('storyworld') && (
        <p className="small note">
          This model was not trained on Storyworld: on the text it was made for, features fire elsewhere and
          at other rates.
        </p>
      )}
      {!looking && <Reading />}
      <button type="button" className="quiet feature-source-choose" onClick={() => goTo('prompts')}>
        Choose other texts
      </button>
    </section>
  );
}
