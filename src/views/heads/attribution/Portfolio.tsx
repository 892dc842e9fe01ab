import { useEffect, useId, useMemo, useState } from 'react';
import { attribution, useAttribution } from '../../../state/attribution.ts';
import {
  arrangePortfolio,
  portfolio,
  type PortfolioFilter,
  type PortfolioRow,
} from '../../../state/portfolio.ts';
import { usePage } from '../../../state/store.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { mark } from '../../shared/colour.ts';
import { formatActivation, formatCount, formatPercent } from '../../shared/format.ts';
import { LabelText } from '../../shared/LabelText.tsx';
import { explain } from '../../shared/messages.ts';
import { Panel } from '../../shared/Panel.tsx';
import { VirtualRows } from '../../shared/VirtualRows.tsx';
import { visibleText } from '../../shared/visible-text.ts';
import { headName } from './derive.ts';

const ROW = 46;
/** Bars drawn into an exported image. */
const DRAWN = 30;
const SORTS: Record<PortfolioFilter['sort'], string> = {
  share: 'share of decoder weight',
  here: 'strength on this text',
  index: 'number',
};

/** A head's features: the latents whose decoder rows lie most in it, and what they do on this text. */
export function Portfolio() {
  const id = useId();
  useEffect(() => attribution.watchShares(), []);
  const layer = usePage((state) => state.view.layer)!;
  const head = usePage((state) => state.view.head);
  const analysis = usePage((state) => state.analysis);
  const statistics = usePage((state) => state.statistics);
  const digest = usePage((state) => state.opened?.dictionary?.digest);
  const found = useAttribution((state) => state.shares);
  const trouble = useAttribution((state) => state.sharesTrouble);
  const [filter, setFilter] = useState<PortfolioFilter>({
    owned: 'half',
    firesHere: false,
    search: '',
    sort: 'share',
  });
  const shares = found?.digest === digest ? found : undefined;
  const current = analysis?.dictionaryDigest === digest ? analysis : undefined;
  const all = useMemo(
    () => (shares ? portfolio(shares, head, current?.codes, statistics) : []),
    [shares, head, current, statistics],
  );
  const rows = useMemo(
    () => arrangePortfolio(all, { ...filter, search: filter.search.trim() }),
    [all, filter],
  );
  const owned = useMemo(() => all.filter(({ share }) => share > 0.5).length, [all]);
  const whose = head === null ? `layer ${layer}` : `head ${headName({ layer, head })}`;
  const change = (part: Partial<PortfolioFilter>): void => setFilter({ ...filter, ...part });
  return (
    <Panel
      title={`Features of ${whose}`}
      className="portfolio"
      about={
        <>
          <p>
            Latents of the dictionary on <code>blocks.{layer}.attn.hook_z</code>, the outputs of all heads of
            the layer side by side. The share is ‖W_dec[h]‖ ÷ Σ over heads ‖W_dec[h]‖ of the latent’s decoder
            row: 1 writes through this head alone. A head <em>owns</em> the latents with a share above ½.
          </p>
          <p>
            At the right: the largest activation on this text, and how often it fires in the Storyworld
            sample, once one was read. After →: the next tokens it promotes most.
          </p>
        </>
      }
      table={() => ({
        columns: [
          'feature',
          'head',
          'share of decoder weight',
          'largest activation here',
          'token',
          'share of sample tokens',
        ],
        rows: rows.map(({ index, head: own, share, here, at, density }) => [
          index,
          headName({ layer, head: own }),
          share,
          here,
          at < 0 ? null : (current?.tokens[at]?.text ?? null),
          density ?? null,
        ]),
      })}
      textColumns={[4]}
      drawing={() =>
        barsDrawing(
          rows.slice(0, DRAWN).map(({ index, share }) => ({
            label: `#${index}`,
            value: share,
            shown: formatPercent(share),
            colour: mark.attribution,
          })),
        )
      }
    >
      {trouble ? (
        <p role="alert">{explain(trouble).particular}</p>
      ) : shares ? (
        <>
          <p className="small">
            {whose} owns {formatCount(owned)} of {formatCount(all.length)} features
            {rows.length !== owned && ` · ${formatCount(rows.length)} listed`}
          </p>
          <div className="filters">
            <label htmlFor={`${id}-owned`}>Show</label>
            <select
              id={`${id}-owned`}
              value={filter.owned}
              onChange={(event) => change({ owned: event.target.value as PortfolioFilter['owned'] })}
            >
              <option value="half">owned: share above ½</option>
              <option value="all">all</option>
            </select>
            <label htmlFor={`${id}-sort`}>by</label>
            <select
              id={`${id}-sort`}
              value={filter.sort}
              onChange={(event) => change({ sort: event.target.value as PortfolioFilter['sort'] })}
            >
              {Object.entries(SORTS).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
            <label>
              <input
                type="checkbox"
                checked={filter.firesHere}
                onChange={(event) => change({ firesHere: event.target.checked })}
              />{' '}
              fires here
            </label>
            <input
              type="search"
              aria-label="Number of a feature"
              placeholder="number"
              value={filter.search}
              onChange={(event) => change({ search: event.target.value })}
            />
          </div>
          {rows.length === 0 ? (
            <p className="quiet-text">No feature passes: widen the filters.</p>
          ) : (
            <Rows key={digest} rows={rows} layer={layer} textAt={(row) => current?.tokens[row]?.text ?? ''} />
          )}
        </>
      ) : (
        <p role="status">Measuring how the features are spread over the heads …</p>
      )}
    </Panel>
  );
}

interface RowsProps {
  rows: readonly PortfolioRow[];
  layer: number;
  textAt: (row: number) => string;
}

function Rows({ rows, layer, textAt }: RowsProps) {
  return (
    <VirtualRows
      label="Features of the head"
      count={rows.length}
      rowHeight={ROW}
      keyOf={(i) => String(rows[i]!.index)}
    >
      {(i) => <Row row={rows[i]!} layer={layer} token={textAt(rows[i]!.at)} />}
    </VirtualRows>
  );
}

const wanted = new Set<number>();

/** Rows come into sight one by one; the engine is asked for all of them at once. */
function wantLabel(index: number): void {
  if (wanted.size === 0)
    queueMicrotask(() => {
      const features = [...wanted];
      wanted.clear();
      void usePage.getState().wantLabels(features);
    });
  wanted.add(index);
}

function Row({ row, layer, token }: { row: PortfolioRow; layer: number; token: string }) {
  const { index, share, head, here, at, density } = row;
  const opened = usePage((state) => state.view.feature === index);
  const whole = usePage((state) => state.view.head === null);
  const label = usePage((state) => state.labels[index]);
  const topToken = usePage((state) => state.statistics?.topTokens[index]);
  const openFeature = usePage((state) => state.openFeature);
  useEffect(() => wantLabel(index), [index]);
  return (
    <button
      type="button"
      className={`portfolio-row${opened ? ' is-open' : ''}`}
      aria-pressed={opened}
      data-feature={index}
      onClick={() => openFeature(index)}
    >
      <span className="feature-index">#{index}</span>
      <span className="feature-label">
        <LabelText label={label} topToken={topToken} />
      </span>
      <span className="number" title={at < 0 ? 'does not fire here' : `strongest on “${visibleText(token)}”`}>
        <span className="visually-hidden">here </span>
        {formatActivation(here)}
      </span>
      <span className="portfolio-share" aria-hidden="true">
        <span style={{ width: `${100 * share}%` }} />
      </span>
      <span className="small">
        <span className="visually-hidden">share of decoder weight </span>
        {formatPercent(share)}
        {whole && ` in ${headName({ layer, head })}`}
      </span>
      <span className="small number">
        {density === undefined ? '' : `${formatPercent(density)} of sample`}
      </span>
    </button>
  );
}
