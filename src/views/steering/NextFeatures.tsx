import type { Comparison } from '../../engine/protocol.ts';
import { exploreFeature } from '../../state/recipe-edits.ts';
import type { Compared } from '../../state/steer.ts';
import { usePage } from '../../state/store.ts';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import { formatActivation, formatSigned } from '../shared/format.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { Panel } from '../shared/Panel.tsx';
import { visibleText } from '../shared/visible-text.ts';
import { useLabels } from './useLabels.ts';

type Row = NonNullable<Comparison['features']>[number];

const SHOWN = 16;

/** Features at the chosen token, as is and steered. */
export function NextFeatures({ result }: { result: Compared }) {
  const { comparison, analysis } = result;
  const current = usePage(({ opened }) => opened?.dictionary);
  const rows = comparison.features;
  const digest = current?.digest;
  const shown = rows
    ?.slice(0, SHOWN)
    .map(({ index }) => index)
    .join(',');
  useLabels(shown ?? '');
  // Numbers of another dictionary's features say nothing under this one's labels.
  if (!rows || analysis.dictionaryDigest !== digest) return null;
  const most = Math.max(0, ...rows.map(({ base, steered }) => Math.max(base, steered)));
  return (
    <Panel
      title="Features after steering"
      about={
        <p>
          Features of the dictionary on <code>{current?.hook}</code> at the chosen token, without and with the
          recipe, in the dictionary’s own units; by the larger of both. Steps behind that hook do not show
          here.
        </p>
      }
      table={() => ({
        columns: ['feature', 'activation as is', 'activation steered'],
        rows: rows.map(({ index, base, steered }) => [index, base, steered]),
      })}
      drawing={() =>
        barsDrawing(
          rows.slice(0, SHOWN).map(({ index, base, steered }) => ({
            label: `#${index}`,
            value: steered,
            shown: `${formatActivation(base)} → ${formatActivation(steered)}`,
            colour: mark.activation,
          })),
        )
      }
    >
      <p className="small">at “{visibleText(comparison.tokens[comparison.row] ?? '')}”</p>
      <ul className="steered-features" aria-label="Features, as is and steered">
        {rows.slice(0, SHOWN).map((row) => (
          <li key={row.index}>
            <FeatureRow row={row} most={most} />
          </li>
        ))}
      </ul>
      {rows.length === 0 && <p className="quiet-text">No feature fires at this token.</p>}
    </Panel>
  );
}

function FeatureRow({ row: { index, base, steered }, most }: { row: Row; most: number }) {
  const label = usePage((state) => state.labels[index]);
  const topToken = usePage((state) => state.statistics?.topTokens[index]);
  const width = (value: number): string => `${most > 0 ? (100 * value) / most : 0}%`;
  return (
    <>
      <button
        type="button"
        className="link feature-index"
        title="Open in Explore"
        onClick={() => exploreFeature(index)}
      >
        #{index}
      </button>
      <span className="feature-label">
        <LabelText label={label} topToken={topToken} />
      </span>
      <span className="number small">
        <span className="visually-hidden">as is </span>
        {formatActivation(base)}
        <span aria-hidden="true"> → </span>
        <span className="visually-hidden"> steered </span>
        <strong>{formatActivation(steered)}</strong>
        <span className="change"> {steered === base ? '' : formatSigned(steered - base)}</span>
      </span>
      <span className="feature-pair" aria-hidden="true">
        <span className="bar is-base" style={{ width: width(base) }} />
        <span className="bar is-feature" style={{ width: width(steered) }} />
      </span>
    </>
  );
}
