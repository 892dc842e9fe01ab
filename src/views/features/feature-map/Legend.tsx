import { formatActivation, formatCount, formatPercent } from '../../shared/format.ts';
import { type Colour, COLOUR_TITLES, type Colouring, stepColour, STEPS } from './colours.ts';

/** A value as its colour's legend tells it. */
export const showValue = (colour: Colour, value: number): string => {
  if (colour === 'found') return '';
  if (Number.isNaN(value)) return 'never fired';
  return colour === 'rate' ? formatPercent(value) : formatActivation(value);
};

const UNITS: Record<Colour, string> = {
  rate: 'share of tokens, logarithmic',
  mean: 'activation, logarithmic',
  max: 'activation, logarithmic',
  found: '',
};

interface LegendProps {
  colour: Colour;
  colouring: Colouring;
  /** Whether anything was read that features could fire on. */
  known: boolean;
  /** Of the found. */
  source: string;
}

/** What the colours of the points mean, with units. */
export function Legend({ colour, colouring, known, source }: LegendProps) {
  const { low, high, without, steps } = colouring;
  const swatch = (step: number) => <span className="map-swatch" style={{ background: stepColour(step) }} />;
  if (colour === 'found') {
    return (
      <p className="map-legend small">
        {swatch(STEPS)} {formatCount(steps.length - without)} found: {source} {swatch(0)} the others
      </p>
    );
  }
  if (!known) {
    return <p className="map-legend small">{swatch(0)} nothing is known of how features fire yet</p>;
  }
  const stops = [0, 0.25, 0.5, 0.75, 1].map((share) => stepColour(1 + Math.round(share * (STEPS - 1))));
  return (
    <p className="map-legend small">
      {Number.isNaN(low) ? null : (
        <>
          <span>≤ {showValue(colour, low)}</span>
          <span
            className="map-ramp"
            style={{ background: `linear-gradient(to right in oklab, ${stops.join(', ')})` }}
          />
          <span>
            ≥ {showValue(colour, high)} ({COLOUR_TITLES[colour]}, {UNITS[colour]})
          </span>
        </>
      )}{' '}
      {without > 0 && (
        <span>
          {swatch(0)} {formatCount(without)} never fired in these texts
        </span>
      )}
    </p>
  );
}
