import { activationRatio, mark } from '../shared/colour.ts';
import { formatActivation } from '../shared/format.ts';
import { useWidth } from '../shared/useWidth.ts';

interface SparkProps {
  /** [T] */
  values: Float32Array;
  active?: number;
  label: string;
  height?: number;
  onPick?: (row: number) => void;
}

/** One bar a token, in the order of the text. The height is on the tints' scale, so weak values can be told from none. */
export function Spark({ values, active, label, height = 28, onPick }: SparkProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const max = values.reduce((most, value) => Math.max(most, value), 0);
  const step = width / Math.max(1, values.length);
  const fired = values.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  return (
    <div ref={ref} className="spark">
      {/* The tokens are the keyboard's way to the same choice. */}
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`${label}: ${fired} of ${values.length} tokens, largest ${formatActivation(max)}`}
        onClick={
          onPick &&
          ((event) => {
            const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
            onPick(Math.max(0, Math.min(values.length - 1, Math.floor(at / step))));
          })
        }
      >
        {active !== undefined && (
          <rect x={active * step} y={0} width={Math.max(1, step)} height={height} fill="var(--accent-soft)" />
        )}
        {Array.from(values, (value, row) => {
          if (!(value > 0)) return null;
          const tall = Math.max(1.5, activationRatio(value, max) * (height - 2));
          return (
            <rect
              // A bar is its place in the text.
              // oxlint-disable-next-line react/no-array-index-key
              key={row}
              x={row * step + step * 0.1}
              y={height - 1 - tall}
              width={Math.max(0.8, step * 0.8)}
              height={tall}
              fill={mark.activation}
            />
          );
        })}
        <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} className="grid-line" />
      </svg>
    </div>
  );
}
