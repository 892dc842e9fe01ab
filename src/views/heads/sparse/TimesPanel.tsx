import { scaleLinear } from 'd3';
import type { AttentionTimes } from '../../../engine/protocol.ts';
import { TIMED, useSparse } from '../../../state/sparse.ts';
import { mark } from '../../shared/colour.ts';
import { formatFixed, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { Trouble } from '../../shared/Trouble.tsx';
import { useWidth } from '../../shared/useWidth.ts';
import { AFTER_STOP, Working } from '../../shared/Working.tsx';
import { timesTable } from './tables.ts';

const CLOCKS: Record<AttentionTimes['clock'], string> = {
  gpu: 'GPU timestamps',
  wall: 'wall time of one submission: this adapter gives no timestamps',
};

/** Whether skipped blocks really cost nothing, on this very adapter. */
export function TimesPanel() {
  const times = useSparse((state) => state.times);
  const timing = useSparse((state) => state.timing);
  const problem = useSparse((state) => state.timesProblem);
  const measure = useSparse((state) => state.measureTimes);
  const stop = useSparse((state) => state.stopTimes);
  return (
    <Panel
      title="Time against density"
      about={
        <>
          <p>
            Time of the attention kernel alone, with random queries, keys and values of this model’s head
            shape, under masks that visit a random share of the causal blocks: the median over the rounds
            divided by that of dense attention, which is timed in turn with it in the same run. Whiskers:
            least and greatest round. Dashed: time in proportion to the blocks visited.
          </p>
          <p>
            The rest of the model is not in it: how much faster a whole reading gets depends on that, too.
          </p>
        </>
      }
      table={() => (times ? timesTable(times) : { columns: ['tokens'], rows: [] })}
      images={times !== undefined}
    >
      {times && <TimesChart times={times} />}
      {times && (
        <p className="small">
          {times.heads} heads of {times.dHead} dimensions, blocks of {times.blockSize} tokens; clock:{' '}
          <span data-figure="clock">{CLOCKS[times.clock]}</span>.
        </p>
      )}
      {problem && <Trouble error={problem} />}
      {timing ? (
        <Working label="Timing the kernel" progress={timing} onStop={stop} />
      ) : (
        <p className="row">
          <button type="button" {...AFTER_STOP} onClick={() => void measure()}>
            {times ? 'Measure again' : 'Measure on this adapter'}
          </button>
          {!times && (
            <span className="small">
              {TIMED.lengths.join(', ')} tokens at {TIMED.densities.length} densities; takes seconds.
            </span>
          )}
        </p>
      )}
    </Panel>
  );
}

const HEIGHT = 230;
const LEFT = 40;
const RIGHT = 12;
const BOTTOM = 34;
const COLOURS = [mark.activation, mark.positive, mark.negative, mark.neutral];
// Told apart by shape as well as by colour.
const SHAPES = [
  'M-4,-4H4V4H-4Z',
  'M0,-5A5,5 0 1 1 0,5A5,5 0 1 1 0,-5Z',
  'M0,-5.5L5.5,4.5H-5.5Z',
  'M0,-6L6,0L0,6L-6,0Z',
];

function TimesChart({ times: { points } }: { times: AttentionTimes }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const lengths = [...new Set(points.map(({ length }) => length))].sort((a, b) => a - b);
  const top = Math.max(1.05, ...points.map(({ greatest }) => greatest));
  const x = scaleLinear([0, 1.02], [LEFT, width - RIGHT]);
  const y = scaleLinear([0, top], [HEIGHT - BOTTOM, 24]);
  const said = points
    .map(
      ({ length, visited, ratio }) =>
        `${length} tokens, ${formatPercent(visited)} visited: ${formatFixed(ratio)} of dense`,
    )
    .join('; ');
  return (
    <div ref={ref}>
      <svg width={width} height={HEIGHT} role="img" aria-label={`Time against density. ${said}`}>
        {y.ticks(5).map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className="grid-line" />
            <text x={LEFT - 6} y={y(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
              {formatFixed(tick, 1)}
            </text>
          </g>
        ))}
        {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 14} className="tick" textAnchor="middle">
            {formatPercent(tick)}
          </text>
        ))}
        <line x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} className="mean-line" strokeDasharray="4 4" />
        {lengths.map((length, i) => {
          const own = points.filter((point) => point.length === length).sort((a, b) => a.visited - b.visited);
          const colour = COLOURS[i % COLOURS.length]!;
          return (
            <g key={length}>
              <polyline
                points={own.map(({ visited, ratio }) => `${x(visited)},${y(ratio)}`).join(' ')}
                fill="none"
                stroke={colour}
                strokeWidth={1.5}
              />
              {own.map(({ visited, ratio, least, greatest }) => (
                <g key={visited} transform={`translate(${x(visited)},0)`}>
                  <line y1={y(least)} y2={y(greatest)} stroke={colour} />
                  {[least, greatest].map((end, side) => (
                    <line
                      // Ends of one whisker.
                      // oxlint-disable-next-line react/no-array-index-key
                      key={side}
                      x1={-3}
                      x2={3}
                      y1={y(end)}
                      y2={y(end)}
                      stroke={colour}
                    />
                  ))}
                  <path d={SHAPES[i % SHAPES.length]} transform={`translate(0,${y(ratio)})`} fill={colour}>
                    <title>
                      {`${length} tokens, ${formatPercent(visited)} of blocks: ${formatFixed(ratio)} of dense (${formatFixed(least)} to ${formatFixed(greatest)})`}
                    </title>
                  </path>
                </g>
              ))}
              <g transform={`translate(${LEFT + 8 + i * 96},10)`}>
                <path d={SHAPES[i % SHAPES.length]} fill={colour} />
                <text x={9} dominantBaseline="middle" className="tick">
                  {length} tokens
                </text>
              </g>
            </g>
          );
        })}
        <text x={width - RIGHT} y={HEIGHT - 4} className="tick" textAnchor="end">
          share of causal blocks visited
        </text>
        <text x={2} y={HEIGHT - 4} className="tick">
          time / dense
        </text>
      </svg>
    </div>
  );
}
