import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { FeatureMap } from '../../../state/feature-map.ts';
import { stepByKey } from '../../shared/keys.ts';
import { useWidth } from '../../shared/useWidth.ts';
import {
  type Camera,
  fitted,
  type Frame,
  indexOf,
  inFrame,
  inLasso,
  nextThatWay,
  panned,
  pointAt,
  type Spot,
  toFrame,
  toLayout,
  zoomed,
} from './geometry.ts';
import { drawOver } from './overlay.ts';
import { useHand } from './useHand.ts';
import { usePainting } from './usePainting.ts';

const STEP = 1.5;
/** Of the pan by key, in CSS pixels. */
const STRIDE = 60;
const REACH = { mouse: 10, touch: 22 };
/** A view that stays this long is what the list shows. */
const SETTLED_MS = 200;

interface MapPictureProps {
  map: FeatureMap;
  /** [n] colour of each point. */
  steps: Uint8Array;
  /** Whether points at the end of the scale are drawn larger. */
  marked: boolean;
  /** Places that are chosen: the others are drawn faint. */
  chosen?: ReadonlySet<number>;
  /** Places with a ring. */
  ringed: readonly number[];
  onChoose: (places: readonly number[]) => void;
  onOpen: (place: number) => void;
  onPin: (place: number) => void;
  /** Told which points are in sight, once the view rests; undefined: all. */
  onSight: (places: readonly number[] | undefined) => void;
  /** What is said of a point. */
  children: (place: number | undefined) => ReactNode;
}

/** The points, to zoom, to move, to walk and to choose from. */
export function MapPicture(props: MapPictureProps) {
  const { map, steps, marked, chosen, ringed, onChoose, onOpen, onPin, onSight, children } = props;
  const { positions } = map;
  const help = useId();
  const [ref, width] = useWidth<HTMLDivElement>();
  const frame = useMemo<Frame>(
    () => ({ width, height: Math.round(Math.min(660, Math.max(320, width * 0.6))) }),
    [width],
  );
  const whole = useMemo(() => fitted(positions, frame), [positions, frame]);
  /** Undefined: the whole map, also while it grows. */
  const [moved, setMoved] = useState<Camera>();
  const camera = moved ?? whole;
  const [under, setUnder] = useState<number>();
  const [walked, setWalked] = useState<number>();
  const [lassoing, setLassoing] = useState(false);
  const [line, setLine] = useState<readonly Spot[]>([]);
  // While the layout is made it would be made for nothing several times a second.
  const index = useMemo(() => once(() => indexOf(positions)), [positions]);
  const active = under ?? walked;

  const move = (change: (now: Camera) => Camera): void => setMoved((now) => change(now ?? whole));
  const zoom = (factor: number, about: Spot = { x: frame.width / 2, y: frame.height / 2 }): void =>
    move((now) => zoomed(now, frame, factor, about, whole));
  const hit = (spot: Spot, touch: boolean): number | undefined =>
    pointAt(index(), camera, frame, spot, touch ? REACH.touch : REACH.mouse);

  const hand = useHand(ref, {
    lassoing,
    onPan: (x, y) => move((now) => panned(now, x, y)),
    onZoom: zoom,
    onHover: (spot) => setUnder(spot && hit(spot, false)),
    onClick: (spot, touch) => {
      const place = hit(spot, touch);
      // A finger has no way to point without opening: its first touch points.
      if (touch && place !== undefined && place !== walked) setWalked(place);
      else if (place !== undefined) onOpen(place);
    },
    onLine: setLine,
    onLasso: (corners) => {
      setLine([]);
      setLassoing(false);
      onChoose(
        inLasso(
          positions,
          corners.map((corner) => toLayout(camera, frame, corner)),
        ),
      );
    },
  });

  const { canvas } = usePainting({ positions, steps, marked, chosen, camera, whole, frame });
  const over = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (over.current) drawOver(over.current, { map, camera, frame, active, ringed, line });
  });

  useEffect(() => {
    const timer = setTimeout(
      () => onSight(moved && inFrame(positions, moved, frame)),
      moved ? SETTLED_MS : 0,
    );
    return () => clearTimeout(timer);
  }, [moved, positions, frame, onSight]);

  /** To a point, which comes into sight. */
  const walk = (place: number | undefined): void => {
    if (place === undefined) return;
    setWalked(place);
    setUnder(undefined);
    const [x, y] = [positions[2 * place]!, positions[2 * place + 1]!];
    const spot = toFrame(camera, frame, x, y);
    const inside = spot.x >= 0 && spot.y >= 0 && spot.x <= frame.width && spot.y <= frame.height;
    if (!inside) move((now) => ({ ...now, x, y }));
  };
  const middle = (): number | undefined => pointAt(index(), camera, frame, centre, Infinity);
  const centre = { x: frame.width / 2, y: frame.height / 2 };
  const arrow = (x: number, y: number) => (): void =>
    walk(walked === undefined ? middle() : nextThatWay(positions, walked, { x, y }));
  const chooseSight = (): void => onChoose(inFrame(positions, camera, frame));
  const onKeyDown = (event: KeyboardEvent): void => {
    const pan: Record<string, () => void> = {
      ArrowRight: () => move((now) => panned(now, -STRIDE, 0)),
      ArrowLeft: () => move((now) => panned(now, STRIDE, 0)),
      ArrowDown: () => move((now) => panned(now, 0, -STRIDE)),
      ArrowUp: () => move((now) => panned(now, 0, STRIDE)),
    };
    const walks: Record<string, () => void> = {
      ArrowRight: arrow(1, 0),
      ArrowLeft: arrow(-1, 0),
      ArrowDown: arrow(0, 1),
      ArrowUp: arrow(0, -1),
    };
    stepByKey(event, {
      ...(event.shiftKey ? pan : walks),
      '+': () => zoom(STEP),
      '=': () => zoom(STEP),
      '-': () => zoom(1 / STEP),
      '0': () => setMoved(undefined),
      l: chooseSight,
      L: chooseSight,
      ...(active !== undefined && {
        Enter: () => onOpen(active),
        p: () => onPin(active),
        P: () => onPin(active),
      }),
      Escape: () => {
        setWalked(undefined);
        onChoose([]);
      },
    });
  };

  return (
    <div className="map-picture">
      <div className="row" role="group" aria-label="Tools of the map">
        <button type="button" aria-label="Zoom in" onClick={() => zoom(STEP)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(1 / STEP)}>
          −
        </button>
        <button type="button" disabled={!moved} onClick={() => setMoved(undefined)}>
          Whole map
        </button>
        <button type="button" aria-pressed={lassoing} onClick={() => setLassoing(!lassoing)}>
          Lasso
        </button>
        <button type="button" onClick={chooseSight}>
          Choose what is in sight
        </button>
      </div>
      <div ref={ref} className="map-width">
        {/* A picture to walk by keys is an application of its own. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <div
          className={`map-frame${lassoing ? ' is-lassoing' : ''}`}
          style={{ height: frame.height }}
          role="application"
          aria-label={`Map of ${map.features.length} features`}
          aria-describedby={help}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onKeyDown={onKeyDown}
          onBlur={() => setWalked(undefined)}
          {...hand}
        >
          <canvas ref={canvas} />
          <canvas ref={over} />
        </div>
      </div>
      <div className="map-readout" role="status">
        {children(active)}
      </div>
      <p id={help} className="small">
        Wheel or pinch zooms, drag moves, Shift and drag draws a lasso, a click opens. By keyboard: arrows
        walk from point to point, Shift and arrows move, + − 0 zoom, Enter opens, P pins, L chooses what is in
        sight.
      </p>
    </div>
  );
}

function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => (made ??= make());
}
