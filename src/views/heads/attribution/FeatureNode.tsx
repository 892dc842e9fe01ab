import type { ReactNode } from 'react';
import type { AttributionRecord } from '../../../engine/protocol.ts';
import { formatActivation } from '../../shared/format.ts';
import { Info } from '../../shared/Info.tsx';
import { HeadBars } from './HeadBars.tsx';
import { headLines, signed } from './derive.ts';
import { SourceMatrix } from './SourceMatrix.tsx';
import { type SourceProps, SourceStrip } from './SourceStrip.tsx';

/** What a feature's value is made of. */
export function FeatureFacts({ record: { feature, value } }: { record: AttributionRecord }) {
  if (!feature) return null;
  const { activation, preActivation, constant } = feature;
  return (
    <dl className="facts">
      <Fact
        name="Activation"
        value={formatActivation(activation)}
        about="What the dictionary gives out on this token: the pre-activation if it passes (for TopK: if it is among the k largest), else 0."
      />
      <Fact
        name="Pre-activation"
        value={signed(preActivation)}
        about="What goes into the activation function: x · W_enc + constant."
      />
      <Fact
        name="Constant"
        value={signed(constant)}
        about="b_enc − b_decᵀ W_enc: the same on every token, so nothing in the text is behind it."
      />
      <Fact
        name="To explain"
        value={signed(value)}
        about="Pre-activation minus constant: what heads and tokens bring, and what the parts below add up to."
      />
    </dl>
  );
}

function Fact({ name, value, about }: { name: string; value: string; about: ReactNode }) {
  return (
    <div>
      <dt>
        {name} <Info label={`Definition of ${name}`}>{about}</Info>
      </dt>
      <dd data-figure={name}>{value}</dd>
    </div>
  );
}

/** A feature on the outputs of a layer's heads: by head, by token read, and by both. */
export function FeatureNode({ record, ...sources }: SourceProps & { record: AttributionRecord }) {
  const lines = headLines(record);
  return (
    <>
      <HeadBars record={record} />
      <SourceStrip
        {...sources}
        title="By token read"
        about={SOURCES_ABOUT}
        values={record.heads!.bySource}
        lines={lines}
      />
      <SourceMatrix
        {...sources}
        title="Heads × tokens read"
        about={
          <>
            <p>
              A_h[t, s] · (v_h[s] · W_enc[h]) for every head h (lines) and token s it reads (columns), t the
              token that is looked at: how much the pre-activation there owes to h reading s. Blue raises,
              orange lowers; the colour is log₁₀(1 + 9 · size / largest). Above: sums over the heads.
            </p>
            <p>Arrow keys walk, Enter or a click goes into what the head found on that token.</p>
          </>
        }
        lines={lines}
        total={record.value}
      />
    </>
  );
}

export const SOURCES_ABOUT =
  'Direct feature attribution by source: Σ over heads of A_h[t, s] · (v_h[s] · W_enc[h]) for every token s, t the token that is looked at (outlined). Blue raises the pre-activation, orange lowers it. Choosing a token goes in through the head that brings most from it.';
