import { type ReactNode, useId, useState } from 'react';
import {
  deviceName,
  isTimed,
  speedMarkdown,
  type SpeedRow,
  writeSpeed,
} from '../../exchange/speed-results.ts';
import { FacetError } from '../../shared/errors.ts';
import { type Placed, placeUnder } from '../../shared/roofline.ts';
import { addressWith, useSpeed } from '../../state/speed.ts';
import { formatPercent } from '../shared/format.ts';
import { Info } from '../shared/Info.tsx';
import { explain } from '../shared/messages.ts';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { FiguresTable } from './FiguresTable.tsx';
import {
  amountText,
  BOUNDS,
  type NamedResults,
  ratioText,
  ratioTo,
  threeDigits,
  timesTable,
  timeText,
  titleOf,
} from './words.ts';

/** Stands for no times beside these; no results have this key. */
const NOTHING = 'nothing';

interface TimesProps {
  all: readonly NamedResults[];
  shown: NamedResults | undefined;
  beside: NamedResults | undefined;
  onChoose: (chosen: { shown: string; beside: string }) => void;
}

/** Times, here or brought, one beside another where there are two; out as files and links, in as files. */
export function Times({ all, shown, beside, onChoose }: TimesProps) {
  const workloads = useSpeed((state) => state.workloads);
  const problem = useSpeed((state) => state.broughtProblem);
  return (
    <Panel
      title="Times"
      about={
        <>
          <p>
            Median and quartiles over the rounds of the time of one run. Where the device gives timestamps it
            is what its kernels took, else the wall clock from submission to the readback of four bytes.
          </p>
          <p>
            A ratio is the median over the rounds of this time divided by the other’s of the same round: below
            1 is faster. It depends less on the moment than times do.
          </p>
          <p>Times of a link or a file are what somebody says they took; nothing here can check them.</p>
        </>
      }
      table={() =>
        shown ? timesTable(shown.results, workloads, beside?.results) : { columns: ['what'], rows: [] }
      }
      files={
        shown && [
          {
            name: 'JSON, to be imported here',
            extension: 'json',
            type: 'application/json',
            content: () => writeSpeed(shown.results),
          },
          {
            name: 'Markdown table',
            extension: 'md',
            type: 'text/markdown',
            content: () => speedMarkdown(shown.results, workloads ?? []),
          },
        ]
      }
      images={false}
    >
      {all.length > 1 && shown && <Which all={all} shown={shown} beside={beside} onChoose={onChoose} />}
      {shown ? (
        <>
          <About shown={shown} />
          <Rows shown={shown} beside={beside} />
        </>
      ) : (
        <p className="small">Nothing has been timed yet on this page.</p>
      )}
      <Trouble error={problem} />
      <Sharing shown={shown} />
    </Panel>
  );
}

function Which({ all, shown, beside, onChoose }: TimesProps & { shown: NamedResults }) {
  const id = useId();
  const others = all.filter((one) => one !== shown);
  return (
    <p className="row">
      <label htmlFor={`${id}-shown`}>Times</label>
      <select
        id={`${id}-shown`}
        value={shown.key}
        onChange={({ target }) => onChoose({ shown: target.value, beside: shown.key })}
      >
        {all.map(({ key, name }) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-beside`}>beside</label>
      <select
        id={`${id}-beside`}
        value={beside?.key ?? NOTHING}
        onChange={({ target }) => onChoose({ shown: shown.key, beside: target.value })}
      >
        <option value={NOTHING}>nothing</option>
        {others.map(({ key, name }) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </p>
  );
}

/** Where the times were taken, and how. */
function About({ shown: { results, from } }: { shown: NamedResults }) {
  const { rounds, clock, model, browser, made, adapter } = results;
  return (
    <p className="small">
      {from !== undefined && <span className="badge badge-warning">from {from}</span>}{' '}
      <span data-figure="timed on">{deviceName(results)}</span>
      {adapter.software && ' (in software)'} · {browser} ·{' '}
      {new Date(made).toISOString().slice(0, 16).replace('T', ' ')} UTC · model {model.id} · median of{' '}
      <span data-figure="rounds">{rounds}</span> {rounds === 1 ? 'round' : 'rounds'} by{' '}
      {clock === 'device' ? 'the device’s timestamps' : 'the wall clock'}
    </p>
  );
}

const HEADS: readonly { name: string; about: ReactNode; unit?: string }[] = [
  { name: 'Time', about: 'Median over the rounds of the time of one run.' },
  { name: 'Quartiles', about: 'A quarter of the rounds was quicker than the first, a quarter slower than the second.' },
  { name: 'Ratio', about: 'Median over the rounds of this time divided by the named one’s of the same round.' },
  { name: 'GFLOP/s', about: 'Floating-point operations a second, in thousands of millions; a multiply-add counts two. Operations of the method, not of what a kernel computes twice.' },
  { name: 'GB/s', about: 'Bytes a second, in thousands of millions: every input read once and every output written once, of each kernel.' },
  { name: 'Share of the roof', about: 'Least time the measured bandwidth and peak allow, divided by the time taken; and which of the two bounds it. Above 100 % data stayed in caches, or was only read, which is quicker than copying.' },
]; // oxfmt-ignore

function Rows({ shown, beside }: { shown: NamedResults; beside: NamedResults | undefined }) {
  const workloads = useSpeed((state) => state.workloads);
  const { rows, roof } = shown.results;
  const heads = beside
    ? [...HEADS, { name: 'Beside', about: `Time ${beside.name}.` }, { name: 'Ratio to that', about: `Time ${shown.name}, divided by time ${beside.name}. Below 1 the first is faster.` }] // oxfmt-ignore
    : HEADS;
  return (
    <FiguresTable label="Times, in figures" first="What" heads={heads}>
      {rows.map((row) => (
        <tr key={row.id} data-workload={row.id}>
          <th scope="row">
            {titleOf(workloads, row.id)}
            {isTimed(row) && row.checked !== '' && (
              <>
                {' '}
                <Info label={`How ${titleOf(workloads, row.id)} was checked`}>
                  <p>Checked: {row.checked}.</p>
                  <p>
                    {amountText(row.flops)}FLOP and {amountText(row.bytes)}B a run,{' '}
                    {row.repeats === 1 ? 'one run' : `${row.repeats} runs`} a round, in one submission.
                  </p>
                </Info>
              </>
            )}
          </th>
          <Figures
            row={row}
            placed={isTimed(row) ? placeUnder(roof, { ...row, ms: row.ms.median }) : undefined}
          />
          {beside && <Beside row={row} other={beside.results.rows.find(({ id }) => id === row.id)} />}
        </tr>
      ))}
    </FiguresTable>
  );
}

function Figures({ row, placed }: { row: SpeedRow; placed: Placed | undefined }) {
  const workloads = useSpeed((state) => state.workloads);
  if (!isTimed(row) || !placed) {
    return (
      <td colSpan={HEADS.length} className="speed-failure">
        {isTimed(row) ? '' : row.failure}
      </td>
    );
  }
  const { ms, ratio } = row;
  return (
    <>
      <td className="number">
        <strong>{timeText(ms.median)}</strong>
      </td>
      <td className="number">
        {timeText(ms.lower)} – {timeText(ms.upper)}
      </td>
      <td className="number">
        {ratio ? ratioText(ratio.median) : '–'}
        {ratio && <span className="small"> of {ratioTo(workloads, ratio.to)}</span>}
      </td>
      <td className="number">{threeDigits(placed.gigaflopsPerSecond)}</td>
      <td className="number">{threeDigits(placed.gigabytesPerSecond)}</td>
      <td className="number">
        {Number.isFinite(placed.share) ? `${formatPercent(placed.share)} of ${BOUNDS[placed.bound]}` : '–'}
      </td>
    </>
  );
}

function Beside({ row, other }: { row: SpeedRow; other: SpeedRow | undefined }) {
  const theirs = other && isTimed(other) ? other.ms.median : NaN;
  return (
    <>
      <td className="number">{timeText(theirs)}</td>
      <td className="number">{isTimed(row) ? ratioText(row.ms.median / theirs) : '–'}</td>
    </>
  );
}

/** Out as a link, in as a file. */
function Sharing({ shown }: { shown: NamedResults | undefined }) {
  const id = useId();
  const bring = useSpeed((state) => state.bring);
  const brought = useSpeed((state) => state.brought !== undefined || state.broughtProblem !== undefined);
  const forget = useSpeed((state) => state.forget);
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    if (!shown) return;
    try {
      const address = await addressWith(shown.results);
      try {
        await navigator.clipboard.writeText(address);
        setSaid('Link copied: it holds these times.');
      } catch {
        setSaid(`The browser does not let the page copy it: ${address}`);
      }
    } catch (thrown) {
      const { particular, remedy } = explain(FacetError.from(thrown));
      setSaid(`${particular} ${remedy}`);
    }
  };
  return (
    <div className="row">
      {shown && (
        <button type="button" onClick={() => void copy()}>
          Copy link with these times
        </button>
      )}
      <span className="file-button">
        <input
          id={id}
          type="file"
          accept=".json,application/json"
          onChange={({ target }) => {
            const [file] = target.files ?? [];
            if (file) void bring(file);
            // The same file may be chosen again.
            target.value = '';
          }}
        />
        <label htmlFor={id}>Import times</label>
      </span>
      {brought && (
        <button type="button" className="quiet" onClick={forget}>
          Forget what was brought
        </button>
      )}
      <span role="status" className="small">
        {said}
      </span>
    </div>
  );
}
