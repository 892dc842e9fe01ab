import { type ReactNode, useEffect, useState } from 'react';
import type { Embed } from '../../state/embed.ts';
import { linksOut } from '../../state/embed-links.ts';
import { featurePage, scanFigures, useFeaturePage } from '../../state/feature-page.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { Effects } from '../explore/FeaturePanel.tsx';
import { FeaturePageFigures } from '../features/FeaturePageFigures.tsx';
import { FeaturePageTest } from '../features/FeaturePageTest.tsx';
import '../features/feature-page.css';
import { formatCount } from '../shared/format.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { useOwnLabel } from '../shared/OwnLabel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { readableText } from '../shared/visible-text.ts';
import { Messages } from '../shell/Messages.tsx';
import { EmbedExamples } from './EmbedExamples.tsx';
import './embed.css';

/**
 * One feature alone, for a frame of another page.
 * @param children what stands in place of the feature while there is none
 */
export default function EmbedPage({ embed, children }: { embed: Embed; children: ReactNode }) {
  const { show, testText } = embed;
  const ready = usePage((state) => state.phase === 'ready');
  const feature = usePage((state) => state.view.feature);
  const setText = usePage((state) => state.setText);
  const card = usePage((state) => state.card);
  useEffect(() => featurePage.follow(), []);
  useEffect(() => {
    if (ready && testText !== undefined) setText(testText);
  }, [ready, testText, setText]);
  // What was asked to be tested comes first.
  const test = show.embedtest && <FeaturePageTest field={show.embedtestfield} />;
  const shown = card?.index === feature ? card : undefined;
  return (
    <article className="embed feature-page" aria-label="A feature, in Facet">
      <Head embed={embed} />
      <Messages />
      {children}
      {ready && feature === null && (
        <p className="quiet-text">The link of this frame names no feature that is here.</p>
      )}
      {ready && feature !== null && (
        <div className="embed-parts">
          {testText !== undefined && test}
          {show.embedplots &&
            (shown ? (
              <>
                <Effects card={shown} />
                <FeaturePageFigures card={shown} />
              </>
            ) : (
              <p role="status">Reading what the feature writes …</p>
            ))}
          {testText === undefined && test}
          {show.embedactivations && <EmbedExamples />}
          <Source />
        </div>
      )}
    </article>
  );
}

function Head({ embed: { show, label } }: { embed: Embed }) {
  const feature = usePage((state) => state.view.feature);
  const hook = usePage((state) => state.opened?.dictionary?.hook);
  const model = usePage((state) => state.opened?.model.title);
  return (
    <header className="embed-head">
      <h1>{feature === null ? 'Facet' : `Feature ${feature}`}</h1>
      <span className="small">
        {[model, hook].filter(Boolean).map((part) => (
          <span key={part}>{readableText(part!)} · </span>
        ))}
        {show.embedexplanation && feature !== null && <Explained feature={feature} given={label} />}
      </span>
      <span className="grow" />
      <Links show={show} />
    </header>
  );
}

/** One's own label before the one of whoever embedded it, then what is measured. */
function Explained({ feature, given }: { feature: number; given?: string }) {
  const own = useOwnLabel(feature) ?? given;
  const label = usePage((state) => state.labels[feature]);
  const topToken = usePage((state) => scanFigures(state)?.topTokens[feature]);
  return (
    <>
      {own && <bdi className="own-label">{readableText(own)} </bdi>}
      <LabelText label={label} topToken={topToken} />
    </>
  );
}

function Links({ show }: { show: Embed['show'] }) {
  const view = usePage((state) => state.view);
  const opened = usePage((state) => state.opened);
  const statistics = usePage((state) => state.statistics);
  const analysis = usePage((state) => state.analysis);
  const [links, setLinks] = useState<{ page: string; steer?: string }>();
  useEffect(() => {
    let current = true;
    void linksOut({ view, opened, statistics, analysis }).then((found) => current && setLinks(found));
    return () => {
      current = false;
    };
  }, [view, opened, statistics, analysis]);
  return (
    <span className="row embed-links">
      {show.embedsteer && links?.steer && (
        <a href={links.steer} target="_blank" rel="noopener noreferrer">
          Steer with it
        </a>
      )}
      {show.embedlink && links && (
        <a href={links.page} target="_blank" rel="noopener noreferrer">
          Open in Facet
        </a>
      )}
    </span>
  );
}

/** What the figures rest on. */
function Source() {
  const figures = usePage(scanFigures);
  const sampling = usePage((state) => state.sampling);
  const { missing, failure, run } = useScans();
  const examples = useFeaturePage((state) => state.examples);
  return (
    <>
      <Trouble error={failure ?? examples.failure} />
      <p className="small" data-figure="source">
        {figures
          ? `${figures.corpus.name}: ${formatCount(figures.items)} of ${formatCount(figures.corpus.items)} texts, ${formatCount(figures.tokens)} tokens`
          : missing
            ? 'The texts of the link are not on this device.'
            : 'No texts have been read.'}
        {sampling && ` · reading ${formatCount(sampling.done)} of ${formatCount(sampling.total)}`}{' '}
        {!figures && !sampling && !missing && (
          <button type="button" onClick={() => void run()}>
            Read texts
          </button>
        )}
      </p>
    </>
  );
}
