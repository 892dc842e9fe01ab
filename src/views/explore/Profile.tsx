import { rollups, sum } from 'd3';
import { type SyntheticEvent } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { formatBytes, formatCount, formatFixed, formatMs } from '../shared/format.ts';

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
  return (
    <>
      <dl className="facts">
        <Fact name="Submissions" value={formatCount(usage.submissions)} />
        <Fact name="Readbacks" value={`${formatCount(usage.readbacks)} (${formatBytes(usage.bytesRead)})`} />
        <Fact name="Kernels run" value={formatCount(usage.dispatches)} />
        <Fact name="From request to result" value={formatMs(usage.elapsedMs)} />
        {total > 0 && <Fact name="Of it on the GPU" value={formatMs(total)} />}
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
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Time per kernel">
          <table>
            <thead>
              <tr>
                <th scope="col">kernel</th>
                <th scope="col">runs</th>
                <th scope="col">time, ms</th>
                <th scope="col">share</th>
                <th scope="col">GFLOP/s</th>
                <th scope="col">GB/s</th>
              </tr>
            </thead>
            <tbody>
              {kernels.map(({ kernel, count, gpuMs, flops, bytes }) => (
                <tr key={kernel}>
                  <th scope="row">{kernel}</th>
                  <td className="number">{count}</td>
                  <td className="number">{formatFixed(gpuMs, 3)}</td>
                  <td className="number">{formatFixed((100 * gpuMs) / total, 1)} %</td>
                  <td className="number">{formatFixed(flops / gpuMs / 1e6, 2)}</td>
                  <td className="number">{formatFixed(bytes / gpuMs / 1e6, 2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-figure={name}>{value}</dd>
    </div>
  );
}
