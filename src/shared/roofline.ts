/** What an adapter was measured to do at most. */
export interface Roof {
  /** Bytes a second, read and written together, of copying a buffer larger than its caches. */
  bytesPerSecond: number;
  /** Floating-point operations a second of multiply-adds that stay in registers; one of them counts two. */
  flopsPerSecond: number;
}

/** One run of some work. */
export interface WorkDone {
  flops: number;
  /** If every input were read and every output written once. */
  bytes: number;
  ms: number;
}

/** Where work lies under a roof. Figures that cannot be are NaN: those of work without time, shares without a roof. */
export interface Placed {
  /** Operations a byte. */
  intensity: number;
  gigabytesPerSecond: number;
  gigaflopsPerSecond: number;
  /** What bounds it: reading and writing, or arithmetic. */
  bound: 'bandwidth' | 'peak';
  /** Least time the roof allows, milliseconds. */
  boundMs: number;
  /** boundMs / ms. Above 1 where data stayed in caches, or was only read, which the roof does not count on. */
  share: number;
}

/** @source Williams, Waterman and Patterson 2009, “Roofline: an insightful visual performance model” */
export function placeUnder(roof: Roof | undefined, { flops, bytes, ms }: WorkDone): Placed {
  const moving = roof ? (1000 * bytes) / roof.bytesPerSecond : NaN;
  const computing = roof ? (1000 * flops) / roof.flopsPerSecond : NaN;
  const boundMs = Math.max(moving, computing);
  const perSecond = (amount: number): number => (ms > 0 ? amount / ms / 1e6 : NaN);
  return {
    intensity: bytes > 0 ? flops / bytes : NaN,
    gigabytesPerSecond: perSecond(bytes),
    gigaflopsPerSecond: perSecond(flops),
    bound: computing > moving ? 'peak' : 'bandwidth',
    boundMs,
    share: ms > 0 ? boundMs / ms : NaN,
  };
}

/** Operations a byte from which arithmetic bounds, not bandwidth. */
export const ridgeOf = ({ bytesPerSecond, flopsPerSecond }: Roof): number => flopsPerSecond / bytesPerSecond;

/** The most operations a second at an intensity. */
export const roofAt = (roof: Roof, intensity: number): number =>
  Math.min(roof.flopsPerSecond, intensity * roof.bytesPerSecond);
