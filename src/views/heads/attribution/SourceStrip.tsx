import type { ReactNode } from 'react';
import type { Analysis } from '../../../engine/protocol.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { effectTint } from '../../shared/colour.ts';
import { Panel } from '../../shared/Panel.tsx';
import { spokenText, visibleText } from '../../shared/visible-text.ts';
import { type HeadLine, headName, largestAt, largestFirst, largestSize, signed } from './derive.ts';
import { signedRatio } from './matrix-drawing.ts';
import { drawnBars } from './SignedBars.tsx';
import { sourcesTable } from './tables.ts';
import { TokenButtons } from './TokenButtons.tsx';

/** What everything that shows sources is told. */
export interface SourceProps {
  analysis: Analysis;
  /** The row that reads; later ones are no sources. */
  last: number;
  /** What a row is called: 1 for the first token of what is read, 0 for what stands before it. */
  numberOf: (row: number) => number;
  positionOf: (row: number) => number;
  onStep: (line: HeadLine, source: number) => void;
  peek: number | null;
  onPeek: (row: number | null) => void;
}

interface SourceStripProps extends SourceProps {
  title: string;
  about: ReactNode;
  /** [T] */
  values: Float32Array;
  /** Going in takes the one of these that brings most from the token. */
  lines: readonly HeadLine[];
}

/** Tokens with what comes from each: a bar under the token, blue raises, orange lowers, with its number. */
export function SourceStrip(props: SourceStripProps) {
  const { title, about, values, lines, analysis, last, numberOf, positionOf, onStep, peek, onPeek } = props;
  const most = largestSize(values.subarray(0, last + 1));
  const texts = analysis.tokens.map(({ text }) => text);
  const through = (row: number): HeadLine | undefined =>
    lines[largestAt(lines.map(({ bySource }) => bySource[row]!))];
  return (
    <Panel
      title={title}
      about={about}
      table={() => sourcesTable(analysis, values, last, positionOf)}
      textColumns={[1]}
      drawing={() =>
        barsDrawing(
          drawnBars(
            largestFirst(
              texts.slice(0, last + 1).map((text, row) => ({
                key: row,
                label: `${numberOf(row)} ${visibleText(text)}`,
                value: values[row]!,
              })),
              40,
            ).shown,
          ),
        )
      }
    >
      <TokenButtons
        label={`${title}; Enter goes in`}
        texts={texts}
        last={last}
        values={values}
        here={last}
        peek={peek}
        onPeek={onPeek}
        onChoose={(row) => {
          const line = through(row);
          if (line) onStep(line, row);
        }}
        look={(row) => {
          const value = values[row]!;
          const line = through(row);
          return {
            value: signed(value),
            tint: effectTint(signedRatio(value, most)),
            negative: value < 0,
            spoken: `${numberOf(row)}: ${spokenText(texts[row]!)}; ${signed(value)}${line ? `; most through head ${headName(line)}` : ''}`,
          };
        }}
      />
    </Panel>
  );
}
