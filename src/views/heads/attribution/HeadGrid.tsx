import type { KeyboardEvent } from 'react';
import type { AttributionRecord } from '../../../engine/protocol.ts';
import { effectTint } from '../../shared/colour.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type HeadLine, headLines, headName, largestSize, signed } from './derive.ts';
import { signedRatio } from './matrix-drawing.ts';
import { gridDrawing } from './grid-drawing.ts';

interface HeadGridProps {
  record: AttributionRecord;
  chosen: HeadLine;
  onChoose: (line: HeadLine) => void;
}

/** Earlier heads by layer, tinted by what they bring: arrows walk, Enter shows what the head read. */
export function HeadGrid({ record, chosen, onChoose }: HeadGridProps) {
  const lines = headLines(record);
  const layers = [...new Set(lines.map(({ layer }) => layer))].toSorted((a, b) => b - a);
  const heads = [...new Set(lines.map(({ head }) => head))].toSorted((a, b) => a - b);
  const most = largestSize(lines.map(({ value }) => value));
  const byName = new Map(lines.map((line) => [headName(line), line]));
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const at = (event.target as HTMLElement).dataset.head?.split('.').map(Number);
    const moves: Record<string, [layer: number, head: number]> = {
      ArrowUp: [1, 0],
      ArrowDown: [-1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (!at || !move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const name = headName({ layer: at[0]! + move[0], head: at[1]! + move[1] });
    event.currentTarget.querySelector<HTMLElement>(`[data-head="${name}"]`)?.focus();
  };
  return (
    <Panel
      title="Earlier heads"
      about="What each head of the layers before wrote to this token’s residual stream, as far as it is read here. Blue raises, orange lowers. Choosing a head shows the tokens it read."
      table={() => ({
        columns: ['layer', 'head', 'contribution'],
        rows: lines.map(({ layer, head, value }) => [layer, head, value]),
      })}
      drawing={() => gridDrawing(lines)}
    >
      <div className="head-grid-scroll">
        {/* Keys reach the buttons; here they are only listened for once. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <table className="head-grid" onKeyDown={onKeyDown}>
          <thead>
            <tr>
              <th scope="col">layer</th>
              {heads.map((head) => (
                <th key={head} scope="col">
                  <span className="visually-hidden">head </span>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {layers.map((layer) => (
              <tr key={layer}>
                <th scope="row">{layer}</th>
                {heads.map((head) => {
                  const name = headName({ layer, head });
                  const line = byName.get(name);
                  if (!line) return <td key={head}>–</td>;
                  return (
                    <td key={head}>
                      <button
                        type="button"
                        data-head={name}
                        tabIndex={name === headName(chosen) ? 0 : -1}
                        aria-pressed={name === headName(chosen)}
                        aria-label={`head ${name}: ${signed(line.value)}`}
                        className={line.value < 0 ? 'is-negative' : undefined}
                        style={{ backgroundColor: effectTint(signedRatio(line.value, most)) }}
                        onClick={() => onChoose(line)}
                      >
                        {signed(line.value)}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
