import { useState } from 'react';
import type { AttributionRecord } from '../../../engine/protocol.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { Panel } from '../../shared/Panel.tsx';
import {
  type HeadLine,
  headLines,
  headName,
  largestAt,
  largestFirst,
  type Part,
  signed,
  writers,
} from './derive.ts';
import { HeadGrid } from './HeadGrid.tsx';
import { drawnBars, SignedBars } from './SignedBars.tsx';
import { SourceMatrix } from './SourceMatrix.tsx';
import { type SourceProps, SourceStrip } from './SourceStrip.tsx';
import { partsTable } from './tables.ts';

/** Parts beyond these are one bar; lines beyond these are left out of the matrix. */
const BARS = 14;
const LINES = 12;

/** The residual stream that a head read on one token: what wrote it, and where that came from in turn. */
export function ResidualNode({ record, ...sources }: SourceProps & { record: AttributionRecord }) {
  const lines = headLines(record);
  const [chosen, setChosen] = useState<string>();
  const line =
    lines.find((each) => headName(each) === chosen) ?? lines[largestAt(lines.map(({ value }) => value))];
  const { shown, others } = largestFirst(lines, LINES);
  return (
    <>
      <Writers record={record} />
      {line && (
        <>
          <HeadGrid record={record} chosen={line} onChoose={(each: HeadLine) => setChosen(headName(each))} />
          <SourceStrip
            {...sources}
            title={`What head ${headName(line)} read`}
            about={`The ${signed(line.value)} of head ${headName(line)}, split by the token it read when it wrote here. Choosing a token goes into what the head found there.`}
            values={line.bySource}
            lines={[line]}
          />
          <SourceMatrix
            {...sources}
            title="Earlier heads × tokens they read"
            about="The heads that bring most, largest first, each split by the tokens it read when it wrote to this token’s residual stream. Blue raises, orange lowers. Arrow keys walk, Enter or a click goes in."
            lines={shown}
            others={others}
            total={record.value}
          />
        </>
      )}
    </>
  );
}

export function Writers({ record }: { record: AttributionRecord }) {
  const { shown, others } = largestFirst(writers(record), BARS);
  const rest: Part[] =
    others.count > 0 ? [{ key: 'others', what: `${others.count} others`, value: others.value }] : [];
  const bars = [...shown, ...rest].map(({ key, what, value }) => ({ key, label: what, value }));
  return (
    <Panel
      title="What wrote the residual stream here"
      about={
        <>
          <p>
            x = embedding (+ position) + every earlier head and MLP + biases. Each is passed through this
            reading: the norm at its scale on this token, the head’s values and pattern, and the direction
            that is read. So the bars say how much of the value each of them brings, largest first.
          </p>
          <p>
            Heads go on: they moved something from a token before. Embedding, position, MLPs and biases end
            here; what an MLP wrote can be followed by features upstream.
          </p>
        </>
      }
      table={() =>
        partsTable(
          [...(record.components ?? []), ...record.residue].map((part) => ({ key: '', ...part })),
          'component',
        )
      }
      drawing={() => barsDrawing(drawnBars(bars))}
    >
      <SignedBars label="Contribution of each component" bars={bars} />
    </Panel>
  );
}
