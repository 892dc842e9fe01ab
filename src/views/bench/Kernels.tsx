import { useId, useState } from 'react';
import { placeUnder } from '../../shared/roofline.ts';
import { useSpeed } from '../../state/speed.ts';
import { formatFixed, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { FiguresTable } from './FiguresTable.tsx';
import { BOUNDS, amountText, type NamedResults, placedRows, threeDigits, timeText } from './words.ts';

const HEADS = [
  { name: 'Runs', about: 'Dispatches of the kernel in one run of the workload.' },
  { name: 'Time', about: 'What all of them took by the device’s timestamps, in the last round.' },
  { name: 'FLOPs', about: 'Floating-point operations of all of them; a multiply-add counts two.' },
  { name: 'Bytes', about: 'Every input read once and every output written once, of each dispatch.' },
  { name: 'GFLOP/s', about: 'Operations a second, in thousands of millions.' },
  { name: 'GB/s', about: 'Bytes a second, in thousands of millions.' },
  {
    name: 'Share of the roof',
    about:
      'Least time the measured bandwidth and peak allow, divided by the time taken; and which of the two bounds it.',
  },
];

/** What the time of one workload goes to. */
export function Kernels({ shown }: { shown: NamedResults }) {
  const id = useId();
  const workloads = useSpeed((state) => state.workloads);
  const [chosen, setChosen] = useState('');
  const { roof } = shown.results;
  const rows = placedRows(shown.results, workloads).filter(({ row }) => row.kernels?.length);
  const current = rows.find(({ row }) => row.id === chosen) ?? rows[0];
  const placed = (current?.row.kernels ?? []).map((kernel) => ({
    ...kernel,
    placed: placeUnder(roof, kernel),
  }));
  return (
    <Panel
      title="By kernel"
      about="What the time of a workload goes to, kernel by kernel, and where each of them lies under the roof. Only where the device gives timestamps; links leave it out, files keep it."
      table={() => ({
        columns: [
          'kernel',
          'runs',
          'ms',
          'FLOPs',
          'bytes',
          'GFLOP/s',
          'GB/s',
          'share of the roof',
          'bound by',
        ],
        rows: placed.map(({ kernel, dispatches, ms, flops, bytes, placed: at }) => [
          kernel, dispatches, ms, flops, bytes, at.gigaflopsPerSecond, at.gigabytesPerSecond, at.share, BOUNDS[at.bound],
        ]), // oxfmt-ignore
      })}
      images={false}
    >
      {current ? (
        <>
          <p className="row">
            <label htmlFor={id}>Of</label>
            <select id={id} value={current.row.id} onChange={({ target }) => setChosen(target.value)}>
              {rows.map(({ row, title }) => (
                <option key={row.id} value={row.id}>
                  {title}
                </option>
              ))}
            </select>
          </p>
          <FiguresTable label="Kernels, in figures" first="Kernel" heads={HEADS} of=" of a kernel">
            {placed.map(({ kernel, dispatches, ms, flops, bytes, placed: at }) => (
              <tr key={kernel}>
                <th scope="row">
                  <code>{kernel}</code>
                </th>
                <td className="number">{formatFixed(dispatches, Number.isInteger(dispatches) ? 0 : 1)}</td>
                <td className="number">
                  <strong>{timeText(ms)}</strong>
                </td>
                <td className="number">{amountText(flops)}</td>
                <td className="number">{amountText(bytes)}</td>
                <td className="number">{threeDigits(at.gigaflopsPerSecond)}</td>
                <td className="number">{threeDigits(at.gigabytesPerSecond)}</td>
                <td className="number">
                  {Number.isFinite(at.share) ? `${formatPercent(at.share)} of ${BOUNDS[at.bound]}` : '–'}
                </td>
              </tr>
            ))}
          </FiguresTable>
        </>
      ) : (
        <p className="small">These times came without those of kernels.</p>
      )}
    </Panel>
  );
}
