import type { AttributionRecord } from '../../../engine/protocol.ts';
import { usePage } from '../../../state/store.ts';
import { useAttribution } from '../../../state/attribution.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { headName } from './derive.ts';
import { drawnBars, SignedBars } from './SignedBars.tsx';

/** What each head of the layer brings to a feature's pre-activation, beside its share of the decoder row. */
export function HeadBars({ record: { layer, heads, feature } }: { record: AttributionRecord }) {
  const shares = useAttribution((state) => state.shares);
  const dictionary = usePage((state) => state.opened?.dictionary?.id);
  const own = shares && feature?.dictionary === dictionary ? shares : undefined;
  const bars = Array.from(heads!.byHead, (value, head) => ({
    key: head,
    label: `head ${headName({ layer, head })}`,
    value,
    share: own && feature ? own.shares[feature.index * own.heads + head] : undefined,
  }));
  return (
    <Panel
      title="By head"
      about={
        <>
          <p>
            Direct feature attribution: z[t, h] · W_enc[h] for every head h, the part of the pre-activation
            that head h’s output brings on this token. Blue raises, orange lowers.
          </p>
          <p>
            Beside it, decoder weight: ‖W_dec[h]‖ ÷ Σ over heads ‖W_dec[h]‖, how much of what the feature
            writes back lies in this head, the same on every token.
          </p>
        </>
      }
      table={() => ({
        columns: ['head', 'contribution', 'share of decoder weight'],
        rows: bars.map(({ label, value, share }) => [label, value, share ?? null]),
      })}
      drawing={() => barsDrawing(drawnBars(bars))}
    >
      <SignedBars
        label="Contribution of each head"
        bars={bars.map(({ share, ...bar }) => ({
          ...bar,
          note: share === undefined ? undefined : `${formatPercent(share)} of decoder weight`,
        }))}
      />
    </Panel>
  );
}
