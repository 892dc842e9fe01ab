import { useEffect } from 'react';
import { usePage } from '../../state/store.ts';
import { useTuning } from '../../state/tuning.ts';
import { Panel } from '../shared/Panel.tsx';
import { FiguresTable } from './FiguresTable.tsx';
import { opName, sizesText, threeDigits, waitingText } from './words.ts';

const HEADS = [
  {
    name: 'Sizes',
    words: true,
    about: 'Of the class: each at most this power of two, and more than half of it.',
  },
  { name: 'Default', words: true, about: 'What runs on such an adapter while nothing was measured on it.' },
  {
    name: 'Runs',
    words: true,
    about: 'What runs here: the fastest of those whose result was the default’s, up to rounding.',
  },
  {
    name: 'Time over the default’s',
    about: 'Median time of what runs over the median time of the default, measured in turn; less is faster.',
  },
];

/** How often something new may be there, milliseconds. */
const LOOK_MS = 2_000;

/** Which variants of kernels run here, and whether they may be measured. */
export function Variants() {
  const report = useTuning((state) => state.report);
  const problem = useTuning((state) => state.problem);
  const look = useTuning((state) => state.look);
  const allow = useTuning((state) => state.allow);
  const opened = usePage((state) => state.opened);
  const waiting = (report?.waiting ?? 0) > 0;
  // Measured while nobody asks for anything: new ones come by themselves.
  useEffect(() => {
    if (!opened) return undefined;
    void look();
    if (!waiting) return undefined;
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [look, opened, waiting]);
  const classes = report?.classes ?? [];
  return (
    <Panel
      title="Kernels chosen here"
      about="Most kernels can split their work in several ways, and which is fastest depends on the adapter. While nobody asks for anything the page tries them, at most 0.3 s for a class of sizes, and keeps what it found in this browser."
      table={() => ({
        columns: ['op', 'sizes', 'default', 'runs', 'time over the default’s'],
        rows: classes.map(({ op, asked, usual, chosen, ratio }) => [
          opName(op),
          sizesText(asked),
          usual,
          chosen,
          ratio,
        ]),
      })}
      images={false}
    >
      {problem && <p role="alert">{problem.message}</p>}
      {report && !report.able && (
        <p className="small">
          The defaults run: nothing is measured on the processor or on software adapters, whose defaults were
          measured beforehand.
        </p>
      )}
      {report?.able && (
        <>
          <p>
            <label className="check">
              <input
                type="checkbox"
                checked={report.on}
                onChange={({ target }) => void allow(target.checked)}
              />{' '}
              Measure variants on this device
            </label>
          </p>
          <p className="small" role="status">
            {waitingText(report)}
          </p>
          {classes.length > 0 && (
            <FiguresTable
              label="Kernels chosen here, in figures"
              first="Work"
              heads={HEADS}
              of=" of a choice"
            >
              {classes.map(({ op, asked, usual, chosen, ratio }) => (
                <tr key={`${op} ${sizesText(asked)}`}>
                  <th scope="row">{opName(op)}</th>
                  <td className="words">{sizesText(asked)}</td>
                  <td>
                    <code>{usual}</code>
                  </td>
                  <td>
                    <code>{chosen}</code>
                  </td>
                  <td className="number">{chosen === usual ? '–' : `${threeDigits(ratio)} ×`}</td>
                </tr>
              ))}
            </FiguresTable>
          )}
        </>
      )}
    </Panel>
  );
}
