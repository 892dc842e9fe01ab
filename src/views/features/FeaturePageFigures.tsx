import { useMemo } from 'react';
import type { FeatureCard, ScanStatistics } from '../../engine/protocol.ts';
import { scanFigures } from '../../state/feature-page.ts';
import { featureOverRows } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import { Histogram } from '../explore/Histogram.tsx';
import { histogramTable } from '../explore/tables.ts';
import { formatActivation, formatCount, formatOneIn, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { EffectHistogram } from './FeaturePageEffects.tsx';

/** How often and how strongly it fires, and what it does to all logits. */
export function FeaturePageFigures({ card }: { card: FeatureCard }) {
  const feature = card.index;
  const figures = usePage(scanFigures);
  return (
    <div className="feature-figures">
      <Panel
        title="Activations"
        about={
          <>
            <p>
              Histogram of the values above 0 only, over every token read, in bins of equal width on a log
              scale. Density: the share of tokens on which it is above 0, the first row of every window left
              out. Marked: its largest value in the test text.
            </p>
          </>
        }
        table={() => histogramTable(feature, figures)}
      >
        {figures ? (
          <Activations feature={feature} figures={figures} />
        ) : (
          <p className="quiet-text">Needs texts that have been read.</p>
        )}
      </Panel>
      {card.effects && (
        <Panel
          title="Effects on all logits"
          about="The direct effect of a unit of the feature on the logit of every token of the vocabulary, minus their mean, in bins of equal width; defined as for the tokens it promotes. Blue raises, orange lowers."
          table={() => {
            const { edges, counts } = card.effects!;
            return {
              columns: ['from', 'to', 'tokens of the vocabulary'],
              rows: Array.from(counts, (count, bin) => [edges[bin]!, edges[bin + 1]!, count]),
            };
          }}
        >
          <EffectHistogram effects={card.effects} feature={feature} />
        </Panel>
      )}
    </div>
  );
}

function Activations({ feature, figures }: { feature: number; figures: ScanStatistics }) {
  const analysis = usePage((state) => state.analysis);
  const here = useMemo(
    () =>
      analysis && analysis.dictionaryDigest === figures.dictionaryDigest
        ? featureOverRows(analysis.codes, feature).reduce(
            (most, value, row) => (row > 0 ? Math.max(most, value) : most),
            0,
          )
        : 0,
    [analysis, feature, figures],
  );
  const count = figures.count[feature] ?? 0;
  const density = count / figures.tokens;
  return (
    <>
      <dl className="facts">
        <div>
          <dt>Density</dt>
          <dd data-figure="density">
            {formatPercent(density)} ({formatOneIn(density)})
          </dd>
        </div>
        <div>
          <dt>Mean when above 0</dt>
          <dd>{count > 0 ? formatActivation(figures.sum[feature]! / count) : '–'}</dd>
        </div>
        <div>
          <dt>Largest</dt>
          <dd data-figure="largest">{formatActivation(figures.max[feature] ?? 0)}</dd>
        </div>
        <div>
          <dt>Firings</dt>
          <dd>{formatCount(count)}</dd>
        </div>
      </dl>
      {count > 0 ? (
        <Histogram feature={feature} statistics={figures} here={here} />
      ) : (
        <p className="quiet-text">It fires nowhere in what was read.</p>
      )}
    </>
  );
}
