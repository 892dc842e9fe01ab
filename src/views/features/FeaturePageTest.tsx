import { useId, useMemo, useState } from 'react';
import { scanFigures, useFeaturePage } from '../../state/feature-page.ts';
import { featureOverRows, positionOf, rowOf } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import { formatActivation, formatFixed } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import '../shared/text.css';
import { visibleText } from '../shared/visible-text.ts';
import { TintedTokens } from './FeaturePageTokens.tsx';

/**
 * A text of one's own, read at once: where this feature fires in it. It is the text of all views, and of the link.
 * @param field whether the text can be changed
 */
export function FeaturePageTest({ field = true }: { field?: boolean }) {
  const id = useId();
  const feature = usePage((state) => state.view.feature)!;
  const text = usePage((state) => state.view.text);
  const setText = usePage((state) => state.setText);
  const analysing = usePage((state) => state.analysing);
  const digest = usePage((state) => state.opened?.dictionary?.digest);
  const found = usePage((state) => state.analysis);
  const analysis = found?.dictionaryDigest === digest ? found : undefined;
  const most = usePage((state) => scanFigures(state)?.max[feature] ?? 0);
  const breaks = useFeaturePage((state) => state.breaks);
  const active = usePage((state) => state.view.active);
  const select = usePage((state) => state.select);
  const [peek, setPeek] = useState<number | null>(null);
  const values = useMemo(
    () => (analysis ? featureOverRows(analysis.codes, feature) : new Float32Array()),
    [analysis, feature],
  );
  const tokens = useMemo(() => analysis?.tokens.map((token) => token.text) ?? [], [analysis]);
  const peak = values.reduce((best, value, row) => (row > 0 && value > (values[best] ?? 0) ? row : best), 0);
  const largest = values[peak] ?? 0;
  const chosen = active === null || !analysis ? undefined : rowOf(analysis, active);
  const at = chosen ?? (largest > 0 ? peak : -1);
  const shown = peek ?? (at < 0 ? null : at);
  const lossOf = (row: number): string =>
    analysis && !Number.isNaN(analysis.loss[row]!) ? `loss ${formatFixed(analysis.loss[row]!)} nats` : '';
  return (
    <Panel
      title="Test it here"
      className="feature-test"
      about={
        <>
          <p>
            The text is read as you type; tokens on which the feature fires are tinted by its value, on the
            scale log₁₀(1 + 9 · value ÷ largest known). Loss: −ln p of the token given those before it.
          </p>
          <p>It is the same text as in the other views, and part of the link.</p>
        </>
      }
      table={() => ({
        columns: ['position', 'token', 'activation', 'loss, nats'],
        rows: tokens.map((token, row) => [
          positionOf(analysis!, row),
          token,
          values[row]!,
          Number.isNaN(analysis!.loss[row]!) ? null : analysis!.loss[row]!,
        ]),
      })}
      textColumns={[1]}
      images={false}
    >
      {field && (
        <>
          <label className="visually-hidden" htmlFor={id}>
            Text to test the feature on
          </label>
          <textarea
            id={id}
            className="feature-test-text"
            rows={2}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            value={text}
            placeholder="Type or paste a text"
            onChange={(event) => setText(event.target.value)}
          />
        </>
      )}
      {analysis ? (
        <div aria-busy={analysing} className="feature-test-tokens">
          <TintedTokens
            tokens={tokens}
            values={values}
            from={analysis.prefix}
            to={tokens.length}
            max={Math.max(most, largest)}
            at={at}
            breaks={breaks}
            more={lossOf}
            onPeek={setPeek}
            onPick={select}
          />
          <p className="small row" data-figure="test">
            {analysing
              ? 'Reading …'
              : shown === null
                ? 'It fires on no token of this text.'
                : `“${visibleText(tokens[shown] ?? '')}” ${formatActivation(values[shown] ?? 0)}${lossOf(shown) && `, ${lossOf(shown)}`}`}
            {!analysing &&
              analysis.totalTokens > analysis.windowTokens &&
              ' · only a part of the text is read at once'}
            {largest > 0 && (
              <span className="legend">
                {' '}
                0 <span className="ramp" aria-hidden="true" /> {formatActivation(Math.max(most, largest))}
              </span>
            )}
          </p>
        </div>
      ) : (
        <p className="quiet-text" role="status">
          {analysing ? 'Reading …' : 'There is nothing to read.'}
        </p>
      )}
    </Panel>
  );
}
