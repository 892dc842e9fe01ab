import { useEffect } from 'react';
import { attribution, useAttribution } from '../../state/attribution.ts';
import { usePage } from '../../state/store.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import { formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { headName } from '../heads/derived.ts';

/** How the feature's decoder row is spread over the heads of its layer. */
export function FeaturePageHeads() {
  useEffect(() => attribution.watchShares(), []);
  const feature = usePage((state) => state.view.feature)!;
  const digest = usePage((state) => state.opened?.dictionary?.digest);
  const goTo = usePage((state) => state.goTo);
  const found = useAttribution((state) => state.shares);
  const trouble = useAttribution((state) => state.sharesTrouble);
  const shares = found?.digest === digest ? found : undefined;
  const rows = shares
    ? Array.from(
        shares.shares.subarray(feature * shares.heads, (feature + 1) * shares.heads),
        (share, head) => ({
          name: headName(shares.layer, head),
          head,
          share,
        }),
      )
    : [];
  return (
    <Panel
      title="Written through heads"
      about="Share of decoder weight: ‖W_dec[h]‖ ÷ Σ over heads ‖W_dec[h]‖ of the feature’s decoder row, how much of what it writes back lies in each head of the layer, the same on every token."
      table={() => ({
        columns: ['head', 'share of decoder weight'],
        rows: rows.map(({ name, share }) => [name, share]),
      })}
      drawing={() =>
        barsDrawing(
          rows.map(({ name, share }) => ({
            label: `head ${name}`,
            value: share,
            shown: formatPercent(share),
            colour: mark.attribution,
          })),
        )
      }
    >
      {trouble && <Trouble error={trouble} />}
      {shares ? (
        <BarRows
          label="Share of decoder weight by head"
          max={1}
          rows={rows.map(({ name, head, share }) => ({
            key: head,
            label: (
              <button
                type="button"
                className="link"
                onClick={() => goTo('heads', { layer: shares.layer, head, part: 'features', trail: [] })}
              >
                head {name}
              </button>
            ),
            value: share,
            shown: formatPercent(share),
            colour: mark.attribution,
          }))}
        />
      ) : (
        !trouble && <p role="status">Measuring how it is spread over the heads …</p>
      )}
    </Panel>
  );
}
