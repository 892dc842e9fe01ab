import { useEffect } from 'react';
import type { Lens, LensLayer } from '../../engine/protocol.ts';
import { useLens } from '../../state/steered-lens.ts';
import { usePage } from '../../state/store.ts';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { activationRatio, attributionTint, mark } from '../shared/colour.ts';
import type { TableData } from '../shared/download.ts';
import { formatFixed, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import './sweep.css';

/** What each layer would predict next, as it is and steered. */
export function LogitLens() {
  const { lens, of, asked, running, failure, follow, again } = useLens();
  const tokens = usePage((state) => state.analysis?.tokens);
  const chat = usePage((state) => state.view.chat);
  useEffect(() => follow(), [follow]);
  const stale = lens !== undefined && of !== asked;
  const token = lens && !chat && !stale ? tokens?.[lens.row] : undefined;
  return (
    <Panel
      title="Layer by layer"
      about={
        <>
          <p>
            The logit lens (nostalgebraist 2020): the final norm and the unembedding applied to the residual
            stream after each layer, at the chosen token, or the last. In each pair of rows the model as it is
            and steered, likeliest tokens first; tokens that are not among the other’s are outlined.
          </p>
          <p>KL: of the prediction as it is from that steered, at that layer, in nats.</p>
        </>
      }
      table={() => (lens ? lensTable(lens) : { columns: [], rows: [] })}
      textColumns={[2]}
      drawing={() =>
        lens
          ? barsDrawing(
              lens.hooks.map((hook, layer) => ({
                label: shortHook(hook),
                value: lens.kl[layer]!,
                shown: `${formatFixed(lens.kl[layer]!, 3)} nats`,
                colour: mark.attribution,
              })),
            )
          : null
      }
    >
      <Trouble error={failure} />
      {failure && (
        <p>
          <button type="button" onClick={() => void again()}>
            Try again
          </button>
        </p>
      )}
      <p className="small" aria-live="off">
        {lens
          ? running || stale
            ? 'Reading the layers …'
            : token && (
                <>
                  After <TokenText text={token.text} />
                </>
              )
          : !failure &&
            (asked === undefined
              ? 'With a step in the recipe, what the layers predict appears here.'
              : 'Reading the layers …')}
      </p>
      {lens && <Layers lens={lens} stale={stale} />}
    </Panel>
  );
}

/** `blocks.3.hook_resid_post` → `3`; what comes before them: `embedding`. */
function shortHook(hook: string): string {
  return hook.endsWith('resid_pre') ? 'embedding' : `layer ${hook.split('.')[1]}`;
}

function Layers({ lens, stale }: { lens: Lens; stale: boolean }) {
  const most = Math.max(...lens.kl);
  return (
    <div
      className={`lens-table${stale ? ' is-stale' : ''}`}
      // Scrollable parts must be reachable by keyboard.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="group"
      aria-label="Predictions by layer"
    >
      <table>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">KL, nats</th>
            <th scope="col">
              <span className="visually-hidden">Which</span>
            </th>
            {Array.from({ length: lens.base[0]?.ids.length ?? 0 }, (_, rank) => (
              <th key={rank} scope="col">
                {rank + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lens.hooks.flatMap((hook, layer) => [
            <tr key={`${hook} base`}>
              <th scope="rowgroup" rowSpan={2} title={hook}>
                {shortHook(hook)}
              </th>
              <td rowSpan={2} className="lens-kl">
                <span className="number">{formatFixed(lens.kl[layer]!, 3)}</span>
                <span className="bar-track" aria-hidden="true">
                  <span
                    className="bar"
                    style={{
                      display: 'block',
                      width: `${most > 0 ? (100 * lens.kl[layer]!) / most : 0}%`,
                      backgroundColor: mark.attribution,
                    }}
                  />
                </span>
              </td>
              <Cells name="as is" side={lens.base[layer]!} other={lens.steered[layer]!} />
            </tr>,
            <tr key={`${hook} steered`}>
              <Cells name="steered" side={lens.steered[layer]!} other={lens.base[layer]!} />
            </tr>,
          ])}
        </tbody>
      </table>
    </div>
  );
}

function Cells({ name, side, other }: { name: string; side: LensLayer; other: LensLayer }) {
  return (
    <>
      <th scope="row" className="small">
        {name}
      </th>
      {Array.from(side.ids, (id, rank) => {
        const fresh = !other.ids.includes(id);
        return (
          <td key={id}>
            <span
              className={`lens-cell${fresh ? ' is-changed' : ''}`}
              style={{ backgroundColor: attributionTint(activationRatio(side.probs[rank]!, 1)) }}
            >
              <TokenText text={side.texts[rank]!} /> {formatPercent(side.probs[rank]!)}
              {fresh && <span className="visually-hidden">, not among the other’s</span>}
            </span>
          </td>
        );
      })}
    </>
  );
}

function lensTable(lens: Lens): TableData {
  const rows = (which: 'base' | 'steered', layer: number) =>
    Array.from(lens[which][layer]!.ids, (id, rank) => [
      lens.hooks[layer]!,
      which === 'base' ? 'as is' : 'steered',
      lens[which][layer]!.texts[rank]!,
      id,
      rank + 1,
      lens[which][layer]!.probs[rank]!,
      lens.kl[layer]!,
    ]);
  return {
    columns: ['hook', 'which', 'token', 'id', 'rank', 'probability', 'KL at the layer, nats'],
    rows: lens.hooks.flatMap((_, layer) => [...rows('base', layer), ...rows('steered', layer)]),
  };
}
