import type { HeadRoles } from '../../../engine/protocol.ts';
import { headDictionary, useRoles } from '../../../state/roles.ts';
import { usePage } from '../../../state/store.ts';
import { polysemanticShare } from '../../../shared/polysemantic-share.ts';
import { formatFixed, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { headName } from '../derived.ts';
import { HeadLink } from '../HeadLink.tsx';
import { agreement, separateRoles } from './derived.ts';
import { Shares } from './ShareChart.tsx';
import { overviewTable } from './tables.ts';
import { DIFFERENCES, shortVerdict } from './words.ts';

/** Every head that is measured, and the share of polysemantic ones beside the paper's. */
export function Overview() {
  const layers = useRoles((state) => state.layers);
  const running = useRoles((state) => state.running);
  const measure = useRoles((state) => state.measure);
  const opened = usePage((state) => state.opened);
  const layer = usePage((state) => state.view.layer);
  const head = usePage((state) => state.view.head);
  const measured = Object.values(layers).map(({ roles }) => roles);
  // A verdict on the first few texts is none yet.
  const heads = Object.values(layers).flatMap(({ roles, complete: whole }) =>
    whole ? roles.heads : roles.heads.map((one) => ({ ...one, polysemantic: 'unknown' as const })),
  );
  const total = opened?.model.nLayers ?? 0;
  const readable = Array.from({ length: total }, (_, l) => l).filter(
    (l) => opened && headDictionary(opened, l),
  );
  const complete = readable.filter((l) => layers[l]?.complete);
  const missing = readable.filter((l) => !layers[l]?.complete);
  const all = complete.length === total && total > 0;
  const share = polysemanticShare(complete.flatMap((l) => layers[l]!.roles.heads));
  return (
    <Panel
      title="All heads"
      about={
        <>
          <p>
            The same measure for every head. The interval of the share is a 95 % bootstrap interval over the
            texts: the same 200 resamples for every head. It says how far the share hangs on these texts, not
            how it would be for another model.
          </p>
          <p>
            Beside it: the estimate for GPT-2 small of Kissane, Krzyzanowski, Bloom, Conmy and Nanda,{' '}
            <cite>Interpreting Attention Layer Outputs with Sparse Autoencoders</cite> (2024).
          </p>
        </>
      }
      table={() => overviewTable(measured)}
      images={share.heads > 0}
    >
      {share.heads > 0 && (
        <p data-figure="polysemantic heads">
          <strong>
            {share.polysemantic} of {share.heads} heads ({formatPercent(share.share)})
          </strong>{' '}
          are polysemantic; 95 % interval {formatPercent(share.low)} to {formatPercent(share.high)}
          {all ? ', all layers measured.' : ` in the ${complete.length} of ${total} layers measured so far.`}
        </p>
      )}
      {share.heads > 0 && <Shares share={share} partial={!all} />}
      <div className="row">
        {missing.length > 0 && !running && (
          <button type="button" onClick={() => measure(missing)}>
            {complete.length === 0 && missing.length > 1
              ? `Measure all ${missing.length} layers`
              : `Measure the other ${missing.length === 1 ? 'layer' : `${missing.length} layers`}`}
          </button>
        )}
        {readable.length < total && (
          <span className="small">
            {total - readable.length} of {total} layers have no dictionary on hook_z here.
          </span>
        )}
      </div>
      {heads.length > 0 && (
        <SortedRows
          label="heads by roles"
          columns={COLUMNS}
          rows={heads}
          keyOf={(one) => headName(one.layer, one.head)}
          by="effective"
          isChosen={(one) => one.layer === layer && one.head === head}
        />
      )}
      <details>
        <summary>How the paper’s figure and this one differ</summary>
        <ul className="differences">
          {DIFFERENCES.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </details>
    </Panel>
  );
}

const COLUMNS: readonly SortedColumn<HeadRoles>[] = [
  {
    id: 'head',
    title: 'Head',
    value: (head) => head.layer * 4096 + head.head,
    rising: true,
    width: '4rem',
    show: (head) => <HeadLink layer={head.layer} head={head.head} />,
  },
  {
    id: 'verdict',
    title: 'Verdict',
    value: (head) => shortVerdict(head),
    rising: true,
    width: 'minmax(8rem, 1.6fr)',
    show: (head) => shortVerdict(head),
  },
  {
    id: 'agreement',
    title: 'Agreement',
    value: agreement,
    show: (head) => formatPercent(agreement(head)),
  },
  {
    id: 'effective',
    title: 'Effective number',
    value: (head) => head.effectiveRoles,
    width: 'minmax(7rem, 1.4fr)',
    show: (head) => formatFixed(head.effectiveRoles, 2),
  },
  {
    id: 'separate',
    title: 'Separate',
    value: (head) => separateRoles(head).length,
    show: (head) => String(separateRoles(head).length),
  },
  {
    id: 'unexplained',
    title: 'Unexplained',
    value: (head) => head.unexplained,
    show: (head) => formatPercent(head.unexplained),
  },
  { id: 'latents', title: 'Latents', value: (head) => head.latents, show: (head) => String(head.latents) },
];
