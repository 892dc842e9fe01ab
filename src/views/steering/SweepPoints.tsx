import { fluencyLoss } from '../../shared/steering-effect.ts';
import type { SweptResult } from '../../state/steered-sweep.ts';
import { formatFixed, formatPercent, formatSigned } from '../shared/format.ts';
import { readableText } from '../shared/visible-text.ts';
import { byStrength, type Measured } from './sweep-derived.ts';

interface SweepPointsProps {
  result: SweptResult;
  measured: Measured | undefined;
  chosen: number | undefined;
  onChoose: (strength: number) => void;
}

/** A card a strength, with texts to read: choosing one sets the step to it. */
export function SweepPoints({ result, measured, chosen, onChoose }: SweepPointsProps) {
  const { base } = result.sweep;
  return (
    // Scrollable parts must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="sweep-points" tabIndex={0} role="group" aria-label="Example texts at each strength">
      <ul aria-label="Strengths">
        <li className="sweep-card">
          <p>
            <strong>Unsteered</strong>
          </p>
          <p className="small">
            {measured && `${measured.show(measured.value(base))} · `}loss {formatFixed(base.loss)}
          </p>
          <Examples texts={base.examples} />
        </li>
        {byStrength(result.sweep).map((point) => (
          <li key={point.strength} className={`sweep-card${point.strength === chosen ? ' is-chosen' : ''}`}>
            <p>
              <button
                type="button"
                aria-pressed={point.strength === chosen}
                aria-label={`Set the step to ${formatFixed(point.strength)}`}
                onClick={() => onChoose(point.strength)}
              >
                {formatFixed(point.strength, Number.isInteger(point.strength) ? 0 : 2)}
              </button>
            </p>
            <p className="small">
              {measured && `${measured.show(measured.value(point))} · `}loss {formatFixed(point.loss)} (
              {formatSigned(100 * fluencyLoss(base, point), 0)} %)
              {point.texts < base.texts && ` · ${formatPercent(point.texts / base.texts)} of texts so far`}
            </p>
            <Examples texts={point.examples} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Examples({ texts }: { texts: readonly string[] }) {
  return texts.map((text, i) => (
    // Examples of one point never move.
    // oxlint-disable-next-line react/no-array-index-key
    <p key={i} className="sweep-example">
      {readableText(text)}
    </p>
  ));
}
