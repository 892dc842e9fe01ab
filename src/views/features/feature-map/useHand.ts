import { type PointerEvent, type RefObject, useEffect, useRef } from 'react';
import type { Spot } from './geometry.ts';

interface Hand {
  /** Dragging draws a lasso instead of moving the map. */
  lassoing: boolean;
  onPan: (x: number, y: number) => void;
  onZoom: (factor: number, about: Spot) => void;
  onHover: (spot: Spot | undefined) => void;
  onClick: (spot: Spot, touch: boolean) => void;
  /** The lasso so far. */
  onLine: (corners: readonly Spot[]) => void;
  onLasso: (corners: readonly Spot[]) => void;
}

/** A press that moves less than this, in CSS pixels, is a click. */
const STILL = 4;
/** Wheel pixels that double the size. */
const DOUBLE = 350;
const LINE_PX = 16;

interface Press {
  id: number;
  start: Spot;
  last: Spot;
  moved: boolean;
  lasso?: Spot[];
}

/** What mouse, pen and fingers do to a map: handlers for its frame, which is the only child of `around`. Spots are of the frame. */
export function useHand(around: RefObject<HTMLElement | null>, hand: Hand) {
  const latest = useRef(hand);
  useEffect(() => {
    latest.current = hand;
  });
  const presses = useRef<Press[]>([]);

  useEffect(() => {
    const frame = around.current?.firstElementChild;
    if (!frame) return undefined;
    // React listens passively, so that it could not keep the page from scrolling.
    const onWheel = (event: Event): void => {
      const { deltaY, deltaMode, clientX, clientY, ctrlKey } = event as WheelEvent;
      event.preventDefault();
      const pixels = deltaY * (deltaMode === 1 ? LINE_PX : 1) * (ctrlKey ? 4 : 1);
      const box = frame.getBoundingClientRect();
      latest.current.onZoom(2 ** (-pixels / DOUBLE), { x: clientX - box.left, y: clientY - box.top });
    };
    frame.addEventListener('wheel', onWheel, { passive: false });
    return () => frame.removeEventListener('wheel', onWheel);
  }, [around]);

  const spotOf = (event: PointerEvent<HTMLElement>): Spot => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const apart = (a: Spot, b: Spot): number => Math.hypot(a.x - b.x, a.y - b.y);

  const drag = (press: Press, spot: Spot): void => {
    const [one, two] = presses.current;
    if (one && two) {
      const other = press === one ? two : one;
      const middle = { x: (spot.x + other.last.x) / 2, y: (spot.y + other.last.y) / 2 };
      latest.current.onPan((spot.x - press.last.x) / 2, (spot.y - press.last.y) / 2);
      const before = Math.max(1, apart(press.last, other.last));
      latest.current.onZoom(Math.max(1, apart(spot, other.last)) / before, middle);
    } else if (press.lasso) {
      press.lasso.push(spot);
      latest.current.onLine([...press.lasso]);
    } else {
      latest.current.onPan(spot.x - press.last.x, spot.y - press.last.y);
    }
  };

  return {
    onPointerDown(event: PointerEvent<HTMLElement>): void {
      if (event.button !== 0) return;
      const spot = spotOf(event);
      event.currentTarget.setPointerCapture(event.pointerId);
      const lasso = latest.current.lassoing || event.shiftKey ? [spot] : undefined;
      presses.current.push({ id: event.pointerId, start: spot, last: spot, moved: false, lasso });
      // A second finger makes a pinch of it.
      if (presses.current.length > 1) {
        for (const press of presses.current) Object.assign(press, { moved: true, lasso: undefined });
        latest.current.onLine([]);
      }
    },
    onPointerMove(event: PointerEvent<HTMLElement>): void {
      const spot = spotOf(event);
      const press = presses.current.find(({ id }) => id === event.pointerId);
      if (!press) {
        if (event.pointerType !== 'touch') latest.current.onHover(spot);
        return;
      }
      press.moved ||= apart(press.start, spot) > STILL;
      if (!press.moved) return;
      latest.current.onHover(undefined);
      drag(press, spot);
      press.last = spot;
    },
    onPointerUp(event: PointerEvent<HTMLElement>): void {
      const press = presses.current.find(({ id }) => id === event.pointerId);
      presses.current = presses.current.filter((other) => other !== press);
      if (!press) return;
      if (!press.moved) latest.current.onClick(press.start, event.pointerType === 'touch');
      else if (press.lasso) latest.current.onLasso(press.lasso);
    },
    onPointerCancel(event: PointerEvent<HTMLElement>): void {
      presses.current = presses.current.filter(({ id }) => id !== event.pointerId);
      latest.current.onLine([]);
    },
    onPointerLeave: (): void => latest.current.onHover(undefined),
  };
}
