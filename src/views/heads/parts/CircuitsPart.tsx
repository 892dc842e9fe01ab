import type { HeadCircuits, TokenPair } from '../../../engine/protocol.ts';
import { useHeads } from '../../../state/heads.ts';
import { usePage } from '../../../state/store.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { mark } from '../../shared/colour.ts';
import { formatActivation, formatCount, formatFixed } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { TokenText } from '../../shared/TokenText.tsx';
import { VirtualRows } from '../../shared/VirtualRows.tsx';
import { visibleText } from '../../shared/visible-text.ts';
import { useAsking } from '../derived.ts';
import { pairsTable } from '../tables.ts';
import { Work } from '../Work.tsx';

const ROW_HEIGHT = 30;
const DRAWN = 30;

/** What a head looks for and what it writes, from its weights alone. */
export default function CircuitsPart() {
  const { layer, head } = usePage((state) => state.view);
  const wantCircuits = useHeads((state) => state.wantCircuits);
  const found = useHeads((state) => state.circuits);
  useAsking(wantCircuits);
  if (head === null) {
    return (
      <section className="panel" aria-label="Circuits">
        <p className="quiet-text">A layer’s average has no circuits of its own: choose one of its heads.</p>
      </section>
    );
  }
  const { value } = found;
  const circuits = value?.layer === layer && value.head === head ? value : undefined;
  return (
    <div className="circuits-part">
      <section className="panel circuits-head" aria-label="Copying">
        <Work slot="circuits" what="Multiplying the weights">
          {circuits && <Copying circuits={circuits} />}
        </Work>
        {circuits?.notes.map((note) => (
          <p key={note} className="small note">
            {note}
          </p>
        ))}
      </section>
      <Pairs
        title="What it looks for (QK)"
        about="Pairs of tokens with the largest entries of W_E W_Q W_Kᵀ W_Eᵀ · scale, the norms’ gains folded in and their scale taken as 1, without positions: a query of the first token finds a key of the second."
        pairs={circuits?.qk}
        from="query"
        to="key"
        unit="scaled score"
        colour={mark.attribution}
      />
      <Pairs
        title="What it writes (OV)"
        about="Pairs of tokens with the largest entries of W_E W_V W_O W_U, each row minus its mean over the vocabulary: looking at the first token raises the logit of the second. A pair of the same token twice is copying."
        pairs={circuits?.ov}
        from="attended"
        to="written"
        unit="logit"
        colour={mark.positive}
      />
    </div>
  );
}

function Copying({ circuits: { copying, tokens } }: { circuits: HeadCircuits }) {
  return (
    <>
      Copying <strong data-figure="copying">{formatFixed(copying, 3)}</strong>: Σ Re λ / Σ |λ| over the
      eigenvalues of the full OV circuit, over the whole vocabulary; 1 writes what it reads, −1 speaks against
      it. Pairs below: {formatCount(tokens)} tokens tried on either side.
    </>
  );
}

interface PairsProps {
  title: string;
  about: string;
  pairs: TokenPair[] | undefined;
  from: string;
  to: string;
  unit: string;
  colour: string;
}

function Pairs({ title, about, pairs = [], from, to, unit, colour }: PairsProps) {
  const most = pairs.reduce((max, { value }) => Math.max(max, Math.abs(value)), 0);
  const same = pairs.filter((pair) => pair.from.id === pair.to.id).length;
  return (
    <Panel
      title={title}
      about={`${about} In ${unit}s.`}
      table={() => pairsTable(pairs, from, to, unit)}
      textColumns={[0, 2]}
      drawing={() =>
        barsDrawing(
          pairs.slice(0, DRAWN).map((pair) => ({
            label: `${visibleText(pair.from.text)} → ${visibleText(pair.to.text)}`,
            value: pair.value,
            shown: formatActivation(pair.value),
            colour,
          })),
        )
      }
    >
      <p className="small">
        {from} → {to}, {unit}
        {pairs.length > 0 && ` · ${same} of ${pairs.length} are a token with itself`}
      </p>
      <VirtualRows
        label={title}
        count={pairs.length}
        rowHeight={ROW_HEIGHT}
        keyOf={(at) => `${pairs[at]!.from.id}-${pairs[at]!.to.id}`}
        passive
      >
        {(at) => {
          const pair = pairs[at]!;
          return (
            <span className="pair">
              <TokenText text={pair.from.text} />
              <span role="img" aria-label="to">
                →
              </span>
              <TokenText text={pair.to.text} />
              <span className="bar-track" aria-hidden="true">
                <span
                  className="bar"
                  style={{
                    width: `${most > 0 ? ((100 * Math.abs(pair.value)) / most).toFixed(1) : 0}%`,
                    backgroundColor: colour,
                  }}
                />
              </span>
              <span className="number">{formatActivation(pair.value)}</span>
            </span>
          );
        }}
      </VirtualRows>
    </Panel>
  );
}
