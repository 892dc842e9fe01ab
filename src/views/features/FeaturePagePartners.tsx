import { useEffect } from 'react';
import type { FeaturePartners } from '../../engine/protocol.ts';
import { useFeaturePage } from '../../state/feature-page.ts';
import { usePage } from '../../state/store.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import { formatCount, formatFixed, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { FoundPart } from './FeaturePageFound.tsx';

const SHOWN = 10;
/** Fewer firings than this in the sample say little of partners. */
const FEW = 30;

/** Features that fire on the same tokens. */
export function FeaturePagePartners() {
  const partners = useFeaturePage((state) => state.partners);
  const list = partners.value?.partners ?? [];
  return (
    <Panel
      title="Fires together with"
      about={
        <>
          <p>
            Over the scan’s uniform sample of tokens. Bars: Jaccard, tokens on which both fire ÷ tokens on
            which either does. Share: of this feature’s firings, those on which the other fires too. Lift:
            that share ÷ the other’s firing rate over everything read; 1 is chance.
          </p>
          <p>
            Listed are features that meet it on at least {partners.value?.leastTogether ?? 5} sampled tokens,
            and more often than by chance: the lower end of the share’s 95 % interval is above their rate.
          </p>
        </>
      }
      table={() => ({
        columns: ['feature', 'fire together', 'it fires', 'share', 'lift', 'Jaccard'],
        rows: list.map(({ feature, together, firing, share, lift, jaccard }) => [
          feature, together, firing, share, lift, jaccard,
        ]), // oxfmt-ignore
      })}
      drawing={() =>
        barsDrawing(
          list.slice(0, SHOWN).map(({ feature, jaccard }) => ({
            label: `#${feature}`,
            value: jaccard,
            shown: formatFixed(jaccard, 3),
            colour: mark.neutral,
          })),
        )
      }
    >
      <FoundPart found={partners} waiting="Counting who fires together …">
        {(value) => <Partners value={value} />}
      </FoundPart>
    </Panel>
  );
}

function Partners({ value: { partners, firing, sampled, leastTogether } }: { value: FeaturePartners }) {
  const openFeature = usePage((state) => state.openFeature);
  const wantLabels = usePage((state) => state.wantLabels);
  const shown = partners.slice(0, SHOWN);
  const features = shown.map(({ feature }) => feature).join();
  useEffect(() => {
    if (features !== '') void wantLabels(features.split(',').map(Number));
  }, [features, wantLabels]);
  return (
    <>
      <p className="small">
        It fires on {formatCount(firing)} of {formatCount(sampled)} sampled tokens
        {firing < FEW && `: too few to tell much; partners on fewer than ${leastTogether} are left out`}.
      </p>
      {shown.length === 0 ? (
        <p className="quiet-text">
          {firing < leastTogether
            ? 'Read more texts to see partners.'
            : 'None meets it more often than by chance.'}
        </p>
      ) : (
        <BarRows
          label="Partners by Jaccard"
          max={Math.max(...shown.map(({ jaccard }) => jaccard))}
          rows={shown.map(({ feature, jaccard, share, lift, together }) => ({
            key: feature,
            label: (
              <button type="button" className="link" onClick={() => openFeature(feature)}>
                #{feature}
              </button>
            ),
            value: jaccard,
            shown: formatFixed(jaccard, 3),
            note: `${formatPercent(share)} of its firings (${formatCount(together)}) · lift ${formatFixed(lift, 1)}`,
            colour: mark.neutral,
          }))}
        />
      )}
    </>
  );
}
