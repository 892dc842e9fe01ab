import { rollups, sum } from 'd3';
import { type SyntheticEvent } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import { formatBytes, formatCount, formatFixed, formatMs } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';

/** What one analysis costs: submissions, readbacks, and time per kernel where the adapter can tell. */
export function Profile() {
  const analysis = usePage((state) => state.analysis);
  const profile = usePage((state) => state.profile);
  const setProfile = usePage((state) => state.setProfile);
  return (
    <details
      className="panel profile"
      open={profile}
      onToggle={(event: SyntheticEvent<HTMLDetailsElement>) => {
        if (event.currentTarget.open !== profile) setProfile(event.currentTarget.open);
      }}
    >
      <summary>Profile: what reading this text costs</summary>
      {profile && analysis && <Costs analysis={analysis} />}
    </details>
  );
}

interface KernelCost {
  kernel: string;
  count: number;
  gpuMs: number;
  flops: number;
  bytes: number;
}

function Costs({ analysis }: { analysis: Analysis }) {
  const { usage, timings } = analysis;
  const kernels: KernelCost[] = rollups(
    timings,
    (all) => ({
      count: all.length,
      gpuMs: sum(all, ({ gpuMs }) => gpuMs),
      flops: sum(all, ({ flops }) => flops),
      bytes: sum(all, ({ bytes }) => bytes),
    }),
    ({ kernel }) => kernel,
  )
    .map(([kernel, cost]) => ({ kernel, ...cost }))
    .sort((a, b) => b.gpuMs - a.gpuMs);
  const total = sum(kernels, ({ gpuMs }) => gpuMs);
  const onCpu = usePage((state) => state.opened?.adapter.backend === 'cpu');
  return (
    <>
      <dl className="facts">
        <Fact name="Submissions" value={formatCount(usage.submissions)} />
        <Fact name="Readbacks" value={`${formatCount(usage.readbacks)} (${formatBytes(usage.bytesRead)})`} />
        <Fact name="Kernels run" value={formatCount(usage.dispatches)} />
        <Fact name="From request to result" value={formatMs(usage.elapsedMs)} />
        {total > 0 && <Fact name={onCpu ? 'Of it in kernels' : 'Of it on the GPU'} value={formatMs(total)} />}
      </dl>
      <p className="small">
        One reading is three passes: the model as it is, with the features’ reconstruction at the hook, and
        with zeros there; the last two start at the hook. GFLOP/s counts a multiply-add as two; GB/s counts
        every input and output once.{' '}
        {timings.length === 0
          ? 'This adapter gives no times per kernel.'
          : 'Timing makes the reading slower.'}
      </p>
      {kernels.length > 0 && (
        <Panel
          title="Time per kernel"
          about={
            onCpu
              ? 'Time of each kernel on the processor over the whole reading, by its clock, which browsers round.'
              : 'GPU time of each kernel over the whole reading, from the adapter’s own timestamps, which browsers may round.'
          }
          table={() => ({
            columns: ['kernel', 'runs', 'time, ms', 'share', 'GFLOP/s', 'GB/s'],
            rows: kernels.map(({ kernel, count, gpuMs, flops, bytes }) => [
              kernel,
              count,
              gpuMs,
              gpuMs / total,
              rate(flops, gpuMs),
              rate(bytes, gpuMs),
            ]),
          })}
          drawing={() =>
            barsDrawing(
              kernels.map(({ kernel, gpuMs }) => ({
                label: kernel,
                value: gpuMs,
                shown: `${formatFixed(gpuMs, 2)} ms`,
                colour: mark.neutral,
              })),
            )
          }
        >
          <BarRows
            label="Time per kernel"
            max={kernels[0]?.gpuMs ?? 0}
            rows={kernels.map(({ kernel, count, gpuMs, flops, bytes }) => ({
              key: kernel,
              label: <code>{kernel}</code>,
              value: gpuMs,
              shown: `${formatFixed(gpuMs, 2)} ms`,
              colour: mark.neutral,
              note: `${count}× · ${formatRate(flops, gpuMs)} GFLOP/s · ${formatRate(bytes, gpuMs)} GB/s`,
            }))}
          />
        </Panel>
      )}
    </>
  );
}

/** 10⁹ a second. Browsers round times, some to tenths of a millisecond, so a short kernel may have none. */
function rate(amount: number, ms: number): number | null {
  return ms > 0 ? amount / ms / 1e6 : null;
}

const formatRate = (amount: number, ms: number): string => formatFixed(rate(amount, ms) ?? NaN, 2);

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-figure={name}>{value}</dd>
    </div>
  );
}
