import { useId } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import type { Tint } from '../../state/view-state.ts';
import { ClearTokens } from '../shared/ClearTokens.tsx';
import { activationRatio, activationTint, attributionTint } from '../shared/colour.ts';
import { formatActivation, formatFixed } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenBoxes, type TokenLook } from '../shared/TokenBoxes.tsx';
import type { Choice, Tinting } from './derived.ts';
import { stripDrawing } from './strip-drawing.ts';
import { stripTable } from './tables.ts';

const TINT_NAMES: Record<Tint, string> = {
  auto: 'The open feature, else the most telling',
  telling: 'Most telling feature of each token',
  strongest: 'Strongest feature of each token',
  loss: 'Loss of each token',
  none: 'Nothing',
};

interface StripProps {
  analysis: Analysis;
  choice: Choice;
  tinting: Tinting;
}

export function TokenStrip({ analysis, choice, tinting }: StripProps) {
  const id = useId();
  const tint = usePage((state) => state.view.tint);
  const change = usePage((state) => state.change);
  return (
    <Panel
      title="Tokens"
      about={
        <>
          <p>
            One box a token, as the model splits the text; · is a space, ↵ a new line, \xHH a byte of a
            character that is split over several tokens. Under a token: the feature behind its tint.
          </p>
          <p>
            <em>Most telling</em>: the feature whose value stands out most from its own mean over the other
            tokens of this text. Values are activations in the dictionary’s own units; the scale is log₁₀(1 +
            9 · value / largest).
          </p>
          <p>← → walk, Shift or dragging brushes several, Enter opens the feature, Esc clears.</p>
        </>
      }
      table={() => stripTable(analysis, tinting)}
      textColumns={[1]}
      drawing={() => stripDrawing(analysis, tinting)}
    >
      <div className="strip-tools">
        <label htmlFor={`${id}-tint`}>Tint by</label>
        <select
          id={`${id}-tint`}
          value={tint}
          onChange={(event) => change({ tint: event.target.value as Tint })}
        >
          {Object.entries(TINT_NAMES).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
        <Legend tinting={tinting} />
        <span className="grow" />
        <ClearTokens choice={choice} />
      </div>
      <Strip analysis={analysis} choice={choice} tinting={tinting} />
    </Panel>
  );
}

function Legend({ tinting: { what, feature, max } }: { tinting: Tinting }) {
  if (what === 'none' || max <= 0) return null;
  const name = what === 'loss' ? 'loss, nats' : what === 'feature' ? `feature ${feature}` : 'activation';
  return (
    <span className="legend small">
      {name} 0
      <span className={`ramp ${what === 'loss' ? 'ramp-attribution' : ''}`} aria-hidden="true" />
      {formatActivation(max)}
    </span>
  );
}

function tintOf({ what, values, max }: Tinting, row: number): string {
  const ratio = activationRatio(values[row] ?? 0, max);
  return what === 'loss' ? attributionTint(ratio) : activationTint(ratio);
}

function Strip({ analysis, choice, tinting }: StripProps) {
  const openFeature = usePage((state) => state.openFeature);
  const underline = usePage((state) => state.view.loss);
  return (
    <TokenBoxes
      analysis={analysis}
      choice={choice}
      label="Tokens"
      look={(row) => lookOf(analysis, tinting, row, underline)}
      onEnter={(row) => {
        const feature = strongestAt(analysis, row);
        if (feature !== undefined) openFeature(feature);
      }}
    />
  );
}

function lookOf(analysis: Analysis, tinting: Tinting, row: number, underline: boolean): TokenLook {
  const { what, values } = tinting;
  const feature = tinting.feature ?? tinting.features?.[row];
  const value = values[row] ?? 0;
  const loss = analysis.loss[row]!;
  const unknown = Number.isNaN(loss);
  const fires = what !== 'loss' && what !== 'none' && value > 0 && feature !== undefined && feature >= 0;
  const spoken = [
    fires ? `feature ${feature}, ${formatActivation(value)}` : '',
    unknown ? '' : `loss ${formatFixed(loss)} nats`,
  ];
  return {
    tint: tintOf(tinting, row),
    sub:
      what === 'loss'
        ? formatFixed(loss, 1)
        : fires
          ? what === 'feature'
            ? formatActivation(value)
            : `#${feature}`
          : '',
    spoken: spoken.filter(Boolean).join('; '),
    underline: underline && !unknown ? loss / LOSS_SCALE : undefined,
  };
}

/** Loss whose underline is as wide as the token. */
const LOSS_SCALE = 10;

function strongestAt({ codes }: Analysis, row: number): number | undefined {
  const at = codes.offsets[row];
  return at === undefined || at >= (codes.offsets[row + 1] ?? 0) ? undefined : codes.indices[at];
}
