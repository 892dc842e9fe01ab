import { startTransition, useCallback, useEffect, useId, useMemo, useState } from 'react';
import { type FeatureMap as Mapped, MOST_MAPPED, useFeatureMap } from '../../state/feature-map.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { formatCount, formatPercent } from '../shared/format.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../shared/Working.tsx';
import {
  COLOUR_TITLES,
  type Colour,
  colourOf,
  COLOURS,
  colouringOf,
  foundColouring,
  valuesBy,
} from './feature-map/colours.ts';
import { Legend, showValue } from './feature-map/Legend.tsx';
import { mapDrawing } from './feature-map/map-drawing.ts';
import './feature-map/map.css';
import { MapList } from './feature-map/MapList.tsx';
import { MapPicture } from './feature-map/MapPicture.tsx';
import { SHOWN_NEIGHBOURS } from './feature-map/overlay.ts';
import { mapTable } from './feature-map/tables.ts';
import { useWantedLabel } from './feature-map/useWantedLabel.ts';

const SHOWN_ROWS = 200;

/** Every feature as a point, near those that write in nearly the same direction. */
export function FeatureMap() {
  const { name, map, running, stopped, problem, follow, make, stop } = useFeatureMap();
  const statistics = usePage((state) => state.statistics);
  useEffect(follow, [follow]);
  const table = (places?: readonly number[]) =>
    map ? mapTable(map, statistics, places) : { columns: [], rows: [] };
  return (
    <Panel
      title="Feature map"
      className="map-panel"
      about={<About />}
      table={table}
      shownTable={() => table(map && Array.from(map.features.keys()).slice(0, SHOWN_ROWS))}
      textColumns={[6]}
      images={map?.kept !== undefined}
      drawing={map && (() => drawn(map))}
    >
      {running && (
        <Working
          label={
            running.what === 'neighbours' ? 'Looking for the nearest of each feature' : 'Laying out the map'
          }
          progress={{
            phase: 'scan',
            what: running.what === 'neighbours' ? 'features' : 'rounds',
            done: running.done,
            total: running.total,
            unit: 'steps',
          }}
          onStop={stop}
        />
      )}
      <Trouble error={problem} />
      {(stopped || problem) && (
        <p>
          <button type="button" {...AFTER_STOP} onClick={() => void make()}>
            Make the map
          </button>
        </p>
      )}
      {map && (map.features.length === 0 ? <Nothing /> : <Shown key={name} map={map} table={table} />)}
    </Panel>
  );
}

function Nothing() {
  return (
    <p className="quiet-text">
      No feature of this dictionary has a direction: all its decoder rows are zero.
    </p>
  );
}

function About() {
  return (
    <>
      <p>
        UMAP of the decoder rows at unit length, by cosine: it puts each feature near those that write in
        nearly the same direction, as well as two dimensions allow. Two dimensions cannot hold the distances
        of hundreds: how far apart islands lie, how large and how dense they are means nothing, and neighbours
        on the map may be far apart in truth.
      </p>
      <p>
        The evidence is the cosine. From the feature pointed at, lines lead to the {SHOWN_NEIGHBOURS} whose
        directions really are nearest. Activations are in the dictionary’s own units. The same dictionary has
        the same map each time.
      </p>
    </>
  );
}

const percentOf = (share: number): string => formatPercent(Math.round(share * 100) / 100);

/** How far the picture is to be trusted, in numbers. */
function Trust({ map }: { map: Mapped }) {
  const dSae = usePage((state) => state.opened?.dictionary?.dSae) ?? map.features.length;
  const { kept, k } = map;
  const left = dSae - map.features.length;
  return (
    <p className="small">
      Distances in two dimensions mislead
      {kept !== undefined &&
        Number.isFinite(kept) &&
        `: of a feature’s ${k} true neighbours, ${percentOf(kept)} are among its ${k} nearest here`}
      . Trust the lines to true neighbours and the colours, not the gaps.
      {left > 0 &&
        ` ${formatCount(left)} of ${formatCount(dSae)} features are not here: ${
          dSae > MOST_MAPPED
            ? `the map shows a random sample of ${formatCount(MOST_MAPPED)}, without those whose decoder rows are zero.`
            : 'their decoder rows are zero.'
        }`}
    </p>
  );
}

function useFound(): { found: ReadonlySet<number>; source: string } {
  const highlighted = useFeatureMap((state) => state.highlighted);
  const pins = usePage((state) => state.view.pins);
  const together = usePage((state) => state.view.together);
  return useMemo(() => {
    if (highlighted) return { found: new Set(highlighted.features), source: highlighted.source };
    return {
      found: new Set([...pins, ...together]),
      source: 'pinned features, and those searched for together',
    };
  }, [highlighted, pins, together]);
}

/** Colours of the map as the view says. */
function useColouring(map: Mapped) {
  const colour = usePage((state) => colourOf(state.view.colour));
  const statistics = usePage((state) => state.statistics);
  const { found, source } = useFound();
  const { features } = map;
  const values = useMemo(
    () => (statistics && colour !== 'found' ? valuesBy(colour, statistics) : undefined),
    [statistics, colour],
  );
  const colouring = useMemo(
    () => (colour === 'found' ? foundColouring(found, features) : colouringOf(values ?? [], features)),
    [colour, found, values, features],
  );
  return { colour, values, colouring, source };
}

/** Places of the pinned features. */
function useRinged(map: Mapped): readonly number[] {
  const pins = usePage((state) => state.view.pins);
  return useMemo(() => placesOf(map, pins), [map, pins]);
}

const placesOf = ({ features }: Mapped, wanted: readonly number[]): number[] =>
  wanted.map((feature) => features.indexOf(feature)).filter((place) => place >= 0);

interface ShownProps {
  map: Mapped;
  table: (places: readonly number[]) => ReturnType<typeof mapTable>;
}

function Shown({ map, table }: ShownProps) {
  const id = useId();
  const { colour, values, colouring, source } = useColouring(map);
  const known = usePage((state) => state.statistics !== undefined);
  const change = usePage((state) => state.change);
  const openFeature = usePage((state) => state.openFeature);
  const togglePin = usePage((state) => state.togglePin);
  const ringed = useRinged(map);
  const [chosen, setChosen] = useState<readonly number[]>([]);
  const [sight, setSight] = useState<readonly number[]>();
  const { features } = map;
  const chosenSet = useMemo(() => (chosen.length > 0 ? new Set(chosen) : undefined), [chosen]);
  // The list may take its time: the picture must not wait for it.
  const onSight = useCallback(
    (places: readonly number[] | undefined) => startTransition(() => setSight(places)),
    [],
  );
  const show = useCallback((value: number) => showValue(colour, value), [colour]);
  return (
    <>
      <Trust map={map} />
      <div className="row">
        <label htmlFor={id}>Colour by</label>
        <select id={id} value={colour} onChange={(event) => change({ colour: event.target.value as Colour })}>
          {COLOURS.map((each) => (
            <option key={each} value={each}>
              {COLOUR_TITLES[each]}
            </option>
          ))}
        </select>
        <ReadTexts />
      </div>
      <Legend colour={colour} colouring={colouring} known={known} source={source} />
      <div className="map-parts">
        <MapPicture
          map={map}
          steps={colouring.steps}
          marked={colour === 'found'}
          chosen={chosenSet}
          ringed={ringed}
          onChoose={setChosen}
          onOpen={(place) => openFeature(features[place]!)}
          onPin={(place) => togglePin(features[place]!)}
          onSight={onSight}
        >
          {(place) => (
            <Pointed map={map} place={place} value={values && show(values[features[place ?? 0]!]!)} />
          )}
        </MapPicture>
        <MapList
          map={map}
          places={chosenSet ? chosen : sight}
          chosen={chosenSet !== undefined}
          values={values}
          show={show}
          steps={colouring.steps}
          table={table}
          onLeave={() => setChosen([])}
        />
      </div>
    </>
  );
}

/** What the colours need, where nothing was read yet. */
function ReadTexts() {
  const known = usePage((state) => state.statistics !== undefined);
  const sampling = usePage((state) => state.sampling);
  const run = useScans((state) => state.run);
  const pause = useScans((state) => state.pause);
  if (sampling) return <Working label="Reading texts" progress={sampling} onStop={pause} />;
  if (known) return null;
  return (
    <button type="button" onClick={() => void run()}>
      Read texts to colour by
    </button>
  );
}

interface PointedProps {
  map: Mapped;
  place: number | undefined;
  value: string | undefined;
}

/** What is known of the point that is looked at. */
function Pointed({ map, place, value }: PointedProps) {
  const feature = place === undefined ? undefined : map.features[place];
  const label = useWantedLabel(feature);
  const topToken = usePage((state) =>
    feature === undefined ? undefined : state.statistics?.topTokens[feature],
  );
  if (place === undefined || feature === undefined)
    return <span className="quiet-text">Point at a feature, or walk to one with the arrow keys.</span>;
  const nearest = Array.from({ length: Math.min(3, map.k) }, (_, j) => {
    const at = place * map.k + j;
    return `#${map.features[map.indices[at]!]} (${map.cosines[at]!.toFixed(2)})`;
  });
  return (
    <>
      <strong>#{feature}</strong> <LabelText label={label} topToken={topToken} />
      {value && ` · ${value}`}
      {nearest.length > 0 && <span className="small"> · nearest by cosine: {nearest.join(', ')}</span>}
    </>
  );
}

/** The map as the view colours it, for a file. */
function drawn(map: Mapped): SVGSVGElement {
  const { view, statistics } = usePage.getState();
  const colour = colourOf(view.colour);
  const { highlighted } = useFeatureMap.getState();
  const found = new Set(highlighted?.features ?? [...view.pins, ...view.together]);
  const values = statistics && colour !== 'found' ? valuesBy(colour, statistics) : [];
  const { steps, low, high } =
    colour === 'found' ? foundColouring(found, map.features) : colouringOf(values, map.features);
  const scale = Number.isNaN(low)
    ? ''
    : `, ${showValue(colour, low)} to ${showValue(colour, high)}, logarithmic`;
  return mapDrawing({
    map,
    steps,
    ringed: placesOf(map, view.pins),
    caption: `UMAP of decoder directions; colour: ${COLOUR_TITLES[colour]}${scale}`,
  });
}
