import { useMemo } from 'react';
import type { Comparison } from '../../engine/protocol.ts';
import { type Compared, useSteer, withRow } from '../../state/steer.ts';
import { formatNats, formatPercent, formatSigned } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { visibleText } from '../shared/visible-text.ts';
import { ARM, type ArmName, chanceText, nextDrawing } from './next-drawing.ts';
import { moversTable, nextRows, nextTable, type NextRow } from './next-rows.ts';

/** Likeliest tokens of each side that are shown. */
const SHOWN = 8;
/** Movers that are shown, and the least that is worth a row; the file has more. */
const MOVERS = 12;
const LEAST = 5e-5;

/** What the model expects after the chosen token, as is and steered. */
export function NextBars({ result }: { result: Compared }) {
  const row = useSteer((state) => state.row);
  const { comparison } = useMemo(() => withRow(result, row), [result, row]);
  const rows = useMemo(() => nextRows(comparison, SHOWN), [comparison]);
  const at = comparison.tokens[comparison.row] ?? '';
  return (
    <>
      <Panel
        title="Next token"
        className="next-token"
        about={
          <p>
            Probability of each token as the next one after the chosen (softmax of the logits at temperature
            1): as the model is, steered, and steered with every attention pattern frozen as it is. The
            likeliest {SHOWN} of each; “&lt;” stands before the least that a side lists where a token is not
            among it.
          </p>
        }
        table={() => nextTable(rows)}
        textColumns={[0]}
        drawing={() => nextDrawing(rows)}
      >
        <p className="small">
          after “{visibleText(at)}” · KL{' '}
          <strong data-figure="kl here">{formatNats(comparison.steered.kl[comparison.row] ?? NaN)}</strong>
          {comparison.frozen &&
            `; attention frozen ${formatNats(comparison.frozen.kl[comparison.row] ?? NaN)}`}
        </p>
        <Legend frozen={comparison.frozen !== undefined} />
        <Bars rows={rows} />
        <Said comparison={comparison} />
      </Panel>
      <Movers comparison={comparison} />
    </>
  );
}

function Legend({ frozen }: { frozen: boolean }) {
  return (
    <p className="small next-legend" aria-hidden="true">
      {(frozen ? (['base', 'steered', 'frozen'] as const) : (['base', 'steered'] as const)).map((arm) => (
        <span key={arm}>
          <span className={`next-swatch is-${arm}`} /> {ARM[arm].name}
        </span>
      ))}
    </p>
  );
}

function Bars({ rows }: { rows: readonly NextRow[] }) {
  const most = Math.max(...rows.flatMap(({ base, steered, frozen }) => [base.p, steered.p, frozen?.p ?? 0]));
  return (
    <ol className="pairs" aria-label="Most likely next tokens, as is and steered">
      {rows.map((row) => (
        <li key={row.id} data-token={row.text}>
          <span className="bar-label">
            <TokenText text={row.text} />
          </span>
          <span className="pair-bars">
            {(['base', 'steered', 'frozen'] as const).map((arm) => (
              <Bar key={arm} arm={arm} row={row} most={most} />
            ))}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Bar({ arm, row, most }: { arm: ArmName; row: NextRow; most: number }) {
  const chance = row[arm];
  if (!chance) return null;
  return (
    <span className="pair-bar">
      <span className="bar-track" aria-hidden="true">
        <span
          className={`bar is-${arm}`}
          style={{ width: `${chance.below ? 0 : (100 * chance.p) / most}%` }}
        />
      </span>
      <span className="number" data-arm={arm}>
        <span className="visually-hidden">{ARM[arm].name} </span>
        {chanceText(chance)}
      </span>
    </span>
  );
}

/** For those who do not see the bars, once they have come to rest. */
function Said({ comparison }: { comparison: Comparison }) {
  const resting = useSteer(({ running, result, wanted }) => !running && result?.key === wanted);
  const [first] = comparison.steered.movers;
  return (
    <p role="status" className="visually-hidden">
      {resting &&
        first &&
        `Moves most: ${visibleText(first.text)}, from ${formatPercent(first.before)} to ${formatPercent(first.after)}`}
    </p>
  );
}

function Movers({ comparison: { steered } }: { comparison: Comparison }) {
  const shown = steered.movers
    .filter(({ before, after }) => Math.abs(after - before) >= LEAST)
    .slice(0, MOVERS);
  return (
    <Panel
      title="Largest movers"
      about="The tokens whose probability as the next one after the chosen changes most, in percentage points, up or down; of the whole vocabulary."
      table={() => moversTable(steered)}
      textColumns={[0]}
      images={false}
    >
      <table className="movers">
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col" className="number">
              as is
            </th>
            <th scope="col" className="number">
              steered
            </th>
            <th scope="col" className="number">
              change, pp
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ id, text, before, after }) => (
            <tr key={id}>
              <th scope="row">
                <TokenText text={text} />
              </th>
              <td className="number">{formatPercent(before)}</td>
              <td className="number">{formatPercent(after)}</td>
              <td className="number">
                <span aria-hidden="true">{after > before ? '▲ ' : '▼ '}</span>
                {formatSigned(100 * (after - before), Math.abs(after - before) < 0.0095 ? 2 : 1)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === 0 && (
        <p className="quiet-text">No token moves by more than {formatPercent(LEAST)} after this one.</p>
      )}
    </Panel>
  );
}
