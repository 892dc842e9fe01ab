import { useId } from 'react';
import type { AttributionRecord, UpstreamSplit } from '../../../engine/protocol.ts';
import { upstreamOf } from '../../../state/attribution-question.ts';
import { usePage } from '../../../state/store.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { formatActivation } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { VirtualRows } from '../../shared/VirtualRows.tsx';
import { largestFirst, largestSize, signed } from './derive.ts';
import { drawnBars, signColour, SignedBars } from './SignedBars.tsx';
import { upstreamTable } from './tables.ts';

interface UpstreamProps {
  record: AttributionRecord;
  busy: boolean;
  onStep: (feature: number) => void;
}

const ROW = 30;

/** The same residual stream in the words of another dictionary, every feature a way on. */
export function Upstream({ record, busy, onStep }: UpstreamProps) {
  const id = useId();
  const upstream = usePage((state) => state.view.upstream);
  const dictionaries = usePage((state) => state.opened?.dictionaries);
  const change = usePage((state) => state.change);
  const offered = upstreamOf(dictionaries ?? [], record.hook);
  const split = upstream === '' ? undefined : record.upstream?.[0];
  return (
    <Panel
      title="By features upstream"
      about={
        <>
          <p>
            The residual stream here as a dictionary says it: Σ f_j W_dec[j] + constant + error, each passed
            through the same reading as above. Features, constant, error (what the dictionary does not say),
            the rest of the stream and the residue add up to the same value.
          </p>
          <p>
            <em>The rest of the stream</em>: what was written after the dictionary’s hook and, for a layer’s
            output, before it. Choosing a feature begins anew from its own pre-activation on this token.
          </p>
        </>
      }
      table={() => (split ? upstreamTable(split, record.residue) : { columns: ['part'], rows: [] })}
      drawing={() =>
        split ? barsDrawing(drawnBars(largestFirst(barsOf(split, record.residue), 40).shown)) : null
      }
    >
      <div className="strip-tools">
        <label htmlFor={`${id}-dictionary`}>Dictionary</label>
        <select
          id={`${id}-dictionary`}
          value={offered.some((each) => each.id === upstream) ? upstream : ''}
          onChange={(event) => change({ upstream: event.target.value })}
        >
          <option value="">none</option>
          {offered.map((each) => (
            <option key={each.id} value={each.id}>
              {each.title === '' ? each.hook : each.title}
            </option>
          ))}
        </select>
      </div>
      {offered.length === 0 && (
        <p className="quiet-text">
          No dictionary is listed for this model that reads something written before here.
        </p>
      )}
      {upstream !== '' && !split && (
        <p role="status" className="quiet-text">
          {busy
            ? 'Splitting the residual stream …'
            : 'What this dictionary writes does not add to the residual stream before here.'}
        </p>
      )}
      {split && <Split split={split} residue={record.residue} onStep={onStep} />}
    </Panel>
  );
}

type Residue = AttributionRecord['residue'];

const barsOf = (split: UpstreamSplit, residue: Residue) => [
  ...split.features.map(({ index, value }) => ({ key: `${index}`, label: `#${index}`, value })),
  ...restOf(split, residue),
];

const restOf = ({ others, error, bias, later }: UpstreamSplit, residue: Residue) =>
  [
    { key: 'others', label: 'other features', value: others },
    { key: 'error', label: 'error', value: error },
    { key: 'bias', label: 'constant', value: bias },
    { key: 'later', label: 'the rest of the stream', value: later },
    { key: 'residue', label: 'residue', value: residue.reduce((sum, { value }) => sum + value, 0) },
  ].filter(({ value }) => value !== 0);

interface SplitProps {
  split: UpstreamSplit;
  residue: Residue;
  onStep: (feature: number) => void;
}

function Split({ split, residue, onStep }: SplitProps) {
  const { features } = split;
  const most = largestSize(features.map(({ value }) => value));
  const together = features.reduce((sum, { value }) => sum + value, 0);
  return (
    <>
      <SignedBars
        label="Features together, and the rest"
        bars={[
          { key: 'features', label: `${features.length} features`, value: together },
          ...restOf(split, residue),
        ]}
      />
      {features.length > 0 && (
        <VirtualRows
          label="Features upstream, largest first"
          count={features.length}
          rowHeight={ROW}
          keyOf={(i) => String(features[i]!.index)}
        >
          {(i) => {
            const { index, activation, value } = features[i]!;
            return (
              <button type="button" className="upstream-row" onClick={() => onStep(index)}>
                <span className="feature-index">#{index}</span>
                <span className="upstream-bar" aria-hidden="true">
                  <span
                    style={{
                      width: `${most > 0 ? (100 * Math.abs(value)) / most : 0}%`,
                      backgroundColor: signColour(value),
                    }}
                  />
                </span>
                <span className="number">{signed(value)}</span>
                <span className="number small">
                  <span className="visually-hidden">activation </span>f = {formatActivation(activation)}
                </span>
              </button>
            );
          }}
        </VirtualRows>
      )}
    </>
  );
}
