import { useMemo } from 'react';
import type { Analysis } from '../../../engine/protocol.ts';
import { featureOverRows, positionOf } from '../../../state/rows.ts';
import { usePage } from '../../../state/store.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { activationRatio, activationTint, mark } from '../../shared/colour.ts';
import { formatActivation } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { spokenText, visibleText } from '../../shared/visible-text.ts';
import { TokenButtons } from './TokenButtons.tsx';

interface DestinationProps {
  analysis: Analysis;
  feature: number;
  row: number;
}

/** The token a feature is looked at: any, whether or not it fires there. */
export function Destination({ analysis, feature, row }: DestinationProps) {
  const select = usePage((state) => state.select);
  const values = useMemo(() => featureOverRows(analysis.codes, feature), [analysis, feature]);
  const most = values.subarray(1).reduce((max, value) => Math.max(max, value), 0);
  const { tokens, prefix } = analysis;
  const texts = tokens.map(({ text }) => text);
  return (
    <Panel
      title="Where it is looked at"
      about="The text, tinted by the feature’s activation. What follows explains its value on the token chosen here; without a choice that is the token on which it is strongest."
      table={() => ({
        columns: ['position', 'token', 'activation'],
        rows: texts.map((text, at) => [positionOf(analysis, at), text, values[at]!]),
      })}
      textColumns={[1]}
      drawing={() =>
        barsDrawing(
          texts.flatMap((text, at) => {
            const value = values[at]!;
            const label = `${at + 1 - prefix} ${visibleText(text)}`;
            return value > 0
              ? [{ label, value, shown: formatActivation(value), colour: mark.activation }]
              : [];
          }),
        )
      }
    >
      <TokenButtons
        label="Tokens to look at the feature on"
        texts={texts}
        last={tokens.length - 1}
        values={values}
        pressed={row}
        onChoose={(at) => select(at)}
        look={(at) => {
          const value = values[at]!;
          return {
            fill: activationTint(activationRatio(value, most)),
            value: value > 0 ? formatActivation(value) : '\u00a0',
            spoken: `${at + 1 - prefix}: ${spokenText(texts[at]!)}; ${value > 0 ? formatActivation(value) : 'does not fire'}`,
          };
        }}
      />
    </Panel>
  );
}
