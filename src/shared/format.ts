/** Numbers for people: one minus sign, `–` where there is no number, a unit after a no-break space. */
const NONE = '–';
const NBSP = '\u00a0';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Fixed decimals with a real minus sign; `-0.00` becomes `0.00`. */
export function formatFixed(value: number, decimals = 2): string {
  if (Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** The same with an explicit plus, for changes. */
export function formatSigned(value: number, decimals = 2): string {
  const text = formatFixed(value, decimals);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** An activation, in the dictionary's own units: three significant digits whatever its size. */
export function formatActivation(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) return formatFixed(value, 0);
  if (size < 0.001) return value.toExponential(1).replace('-', '−').replace('e-', 'e−');
  return formatFixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** 1234567 → `1,234,567`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? grouped.format(value) : NONE;
}

/** A share of one as percent, with as many decimals as small shares need: 0.00004 → `0.004 %`. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return NONE;
  const percent = share * 100;
  const size = Math.abs(percent);
  const decimals = size === 0 || size >= 99.95 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.001 ? 3 : 5;
  return `${formatFixed(percent, decimals)}${NBSP}%`;
}

/** Nats; also gives bits where asked for by a title. */
export function formatNats(value: number): string {
  if (Number.isNaN(value)) return NONE;
  // Small divergences are not nothing.
  const small = value !== 0 && Math.abs(value) < 0.01;
  const number = small ? String(Number(value.toPrecision(2))).replace('-', '−') : formatFixed(value, 2);
  return `${number}${NBSP}nats`;
}

/** Bytes with decimal prefixes, as download sizes are given: 2_400_000 → `2.4 MB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = Math.max(0, bytes);
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 99.5 ? size.toFixed(0) : size.toFixed(1)}${NBSP}${units[unit]}`;
}

/** Milliseconds, or seconds above one second. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return NONE;
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms >= 10_000 ? 0 : 1)}${NBSP}s`;
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(1)}${NBSP}ms`;
}

/** A rate of firing as people say it: 0.0012 → `1 in 833 tokens`. Never fired → `never`. */
export function formatOneIn(rate: number): string {
  if (!Number.isFinite(rate)) return NONE;
  if (rate <= 0) return 'never';
  if (rate > 0.5) return `${formatPercent(rate)} of tokens`;
  return `1 in ${formatCount(Math.round(1 / rate))} tokens`;
}

/** Time that is still to be waited: `40 s`, `3 min`, `1 h 20 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return NONE;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))}${NBSP}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}${NBSP}min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)}${NBSP}h${rest > 0 ? ` ${rest}${NBSP}min` : ''}`;
}
