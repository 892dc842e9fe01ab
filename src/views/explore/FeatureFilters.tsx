import { Slider } from 'radix-ui';
import { useId } from 'react';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { formatCount, formatPercent } from '../shared/format.ts';

// Most features fire on well under one token in a hundred, so the slider is cubic: half its way is 12.5 %.
const toShare = (place: number): number => Number(((place / 100) ** 3).toPrecision(6));
const toPlace = (share: number): number => Math.round(100 * Math.cbrt(share));

/** Hides features; never runs the model. */
export function FeatureFilters() {
  const id = useId();
  const { minValue, minDensity, maxDensity } = usePage((state) => state.view);
  const search = usePage((state) => state.search);
  const setSearch = usePage((state) => state.setSearch);
  const change = usePage((state) => state.change);
  const statistics = usePage((state) => state.statistics);
  const sampling = usePage((state) => state.sampling);
  const run = useScans((state) => state.run);
  return (
    <div className="filters">
      <label htmlFor={`${id}-search`}>Number</label>
      <input
        id={`${id}-search`}
        type="search"
        inputMode="numeric"
        size={6}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <label htmlFor={`${id}-min`}>Largest value at least</label>
      <input
        id={`${id}-min`}
        type="number"
        min={0}
        step={0.1}
        value={minValue}
        onChange={(event) => {
          const value = Number(event.target.value);
          if (Number.isFinite(value) && value >= 0) change({ minValue: value });
        }}
      />
      {statistics ? (
        <div className="density">
          <span id={`${id}-density`}>
            Fires on {formatPercent(minDensity)} to {formatPercent(maxDensity)} of the sample’s{' '}
            {formatCount(statistics.tokens)} tokens
          </span>
          <Slider.Root
            className="slider"
            min={0}
            max={100}
            step={1}
            value={[toPlace(minDensity), toPlace(maxDensity)]}
            onValueChange={([low = 0, high = 100]) =>
              change({ minDensity: toShare(low), maxDensity: toShare(high) })
            }
          >
            <Slider.Track className="slider-track">
              <Slider.Range className="slider-range" />
            </Slider.Track>
            <Slider.Thumb className="slider-thumb" aria-label="Least share of tokens" />
            <Slider.Thumb className="slider-thumb" aria-label="Greatest share of tokens" />
          </Slider.Root>
        </div>
      ) : (
        !sampling && (
          <button type="button" className="quiet" onClick={() => void run()}>
            Read a Storyworld sample, to label and filter by how often each fires
          </button>
        )
      )}
    </div>
  );
}
