import type { Analysis } from '../../engine/protocol.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import { formatNats, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { visibleText } from '../shared/visible-text.ts';
import type { Choice } from './derived.ts';
import { nextTable } from './tables.ts';

/** What the model expects after the active token, or after the whole text. */
export function NextTokens({ analysis, choice }: { analysis: Analysis; choice: Choice }) {
  const { next, tokens, loss } = analysis;
  const row = choice.active ?? tokens.length - 1;
  const actual = tokens[row + 1];
  const shown = tokens[row];
  if (!shown) return null;
  const bars = Array.from({ length: next.n }, (_, rank) => {
    const at = row * next.n + rank;
    return { id: next.ids[at]!, text: next.texts[at]!, prob: next.probs[at]! };
  });
  const covered = bars.reduce((sum, { prob }) => sum + prob, 0);
  const colour = (id: number): string => (id === actual?.id ? 'var(--accent)' : mark.attribution);
  return (
    <Panel
      title="Next token"
      about="Probability the model gives to each token as the next one after the chosen position (softmax of the logits at temperature 1). The token that really follows in the text is marked."
      table={() => nextTable(analysis, row)}
      textColumns={[1]}
      drawing={() =>
        barsDrawing(
          bars.map(({ id, text, prob }) => ({
            label: visibleText(text),
            value: prob,
            shown: formatPercent(prob),
            colour: colour(id),
          })),
        )
      }
    >
      <p className="small">
        after “{visibleText(shown.text)}”
        {actual ? (
          <>
            ; in the text: “{visibleText(actual.text)}”, p = {formatPercent(Math.exp(-loss[row + 1]!))}, loss{' '}
            {formatNats(loss[row + 1]!)}
          </>
        ) : (
          ', the end of what is read'
        )}
      </p>
      <BarRows
        label="Most likely next tokens"
        max={Math.max(...bars.map(({ prob }) => prob))}
        rows={bars.map(({ id, text, prob }) => ({
          key: id,
          label: <TokenText text={text} />,
          value: prob,
          shown: formatPercent(prob),
          colour: colour(id),
          note: id === actual?.id ? 'in the text' : undefined,
        }))}
      />
      <p className="small">
        these {bars.length} hold {formatPercent(covered)} of the probability
      </p>
    </Panel>
  );
}
