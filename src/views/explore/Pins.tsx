import type { Analysis } from '../../engine/protocol.ts';
import { steerFeatures } from '../../state/recipe-edits.ts';
import { featureOverRows, positionOf } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import { formatActivation } from '../shared/format.ts';
import { OwnLabel } from '../shared/OwnLabel.tsx';
import { Panel } from '../shared/Panel.tsx';
import type { Choice } from './derived.ts';
import { pinsDrawing } from './pins-drawing.ts';
import { Spark } from './Spark.tsx';

/** Pinned features side by side over the tokens of the text. */
export function Pins({ analysis, choice }: { analysis: Analysis; choice: Choice }) {
  const pins = usePage((state) => state.view.pins);
  const togglePin = usePage((state) => state.togglePin);
  const openFeature = usePage((state) => state.openFeature);
  if (pins.length === 0) return null;
  const rows = pins.map((feature) => ({ feature, values: featureOverRows(analysis.codes, feature) }));
  return (
    <Panel
      title="Pinned features"
      about="Activation of each pinned feature on every token of the text, in order; each row on its own scale, its largest value at the right."
      table={() => ({
        columns: ['position', 'token', ...pins.map(String)],
        rows: analysis.tokens.map(({ text }, row) => [
          positionOf(analysis, row),
          text,
          ...rows.map(({ values }) => values[row]!),
        ]),
      })}
      textColumns={[1]}
      drawing={() => pinsDrawing(rows)}
    >
      <ul className="pins">
        {rows.map(({ feature, values }) => (
          <li key={feature}>
            <button type="button" className="quiet" onClick={() => openFeature(feature)}>
              #{feature} <OwnLabel feature={feature} />
            </button>
            <Spark values={values} active={choice.active} label={`Feature ${feature} over the text`} />
            <span className="number small">
              {formatActivation(values.reduce((a, b) => Math.max(a, b), 0))}
            </span>
            <button
              type="button"
              className="quiet"
              aria-label={`Unpin feature ${feature}`}
              onClick={() => togglePin(feature)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <p>
        <button type="button" onClick={() => steerFeatures(pins)}>
          {pins.length === 1 ? 'Steer with it' : `Steer with all ${pins.length}`}
        </button>
      </p>
    </Panel>
  );
}
