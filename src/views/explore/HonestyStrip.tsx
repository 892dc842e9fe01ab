import type { ReactNode } from 'react';
import type { Honesty } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { formatFixed, formatPercent } from '../shared/format.ts';
import { Info } from '../shared/Info.tsx';

interface FigureDef {
  name: string;
  short: string;
  unit: string;
  value: (honesty: Honesty) => string;
  about: ReactNode;
}

const FIGURES: readonly FigureDef[] = [
  {
    name: 'L0',
    short: 'L0',
    unit: 'features / token',
    value: ({ l0 }) => formatFixed(l0, 1),
    about: 'Mean number of features above zero on a token of this text.',
  },
  {
    name: 'Explained variance',
    short: 'Expl. var.',
    unit: 'of the activation',
    value: ({ explainedVariance }) => formatPercent(explainedVariance),
    about:
      '1 − Σ‖x − x̂‖² / Σ‖x − mean x‖² over the tokens of this text; x is the activation at the hook, x̂ what the features rebuild of it. Below 0 when the mean alone would do better. 1 − FVU.',
  },
  {
    name: 'CE loss recovered',
    short: 'CE rec.',
    unit: 'of the loss',
    value: ({ ceRecovered }) => formatPercent(ceRecovered),
    about: (
      <>
        (CE with zeros − CE spliced) / (CE with zeros − CE as is), CE being the mean next-token cross-entropy
        when zeros, or x̂, or nothing stands in place of x. Above 100 % where the model predicts this text
        better with x̂; “–” where zeros do it no harm.
      </>
    ),
  },
  {
    name: 'KL when spliced',
    short: 'KL',
    unit: 'nats / token',
    value: ({ kl }) => formatFixed(kl, 3),
    about:
      'Mean KL(model ‖ model with x̂ in place of x) of the next-token distribution, in nats: how much the predictions change when only the features are left.',
  },
  {
    name: 'Error share',
    short: 'Error',
    unit: 'of ‖x‖²',
    value: ({ errorShare }) => formatPercent(errorShare),
    about: 'Mean over tokens of ‖x − x̂‖² / ‖x‖²: the part of the activation that no feature stands for.',
  },
];

/** How far the features can be trusted on this very text. Always in sight. */
export function HonestyStrip() {
  const analysis = usePage((state) => state.analysis);
  const hook = usePage(
    (state) => state.opened?.dictionaries.find(({ id }) => id === state.analysis?.dictionary)?.hook,
  );
  const honesty = analysis?.honesty;
  return (
    <section className="honesty" aria-label="How well the dictionary stands for the model on this text">
      <p className="honesty-title small">
        On this text{hook ? <span className="wide-only">, at {hook}</span> : null}
      </p>
      <dl>
        {FIGURES.map(({ name, short, unit, value, about }) => (
          <div key={name} className="honesty-figure">
            <dt>
              <span className="wide-only">{name}</span>
              <span className="narrow-only" aria-hidden="true">
                {short}
              </span>
              <Info label={`Definition of ${name}`}>
                <p>{about}</p>
                <p className="small">
                  {analysis?.prefix === 0 ? 'The first token' : 'The beginning-of-text token'} is left out of
                  every average, because its activation is an outlier
                  {honesty
                    ? `: ${honesty.tokens} tokens, and the ${honesty.tokens - 1} predictions among them for CE`
                    : ''}
                  .
                </p>
              </Info>
            </dt>
            <dd data-figure={name}>
              {honesty ? value(honesty) : '–'} <span className="unit">{unit}</span>
            </dd>
          </div>
        ))}
      </dl>
      {!honesty && analysis && (
        <p className="small">These need at least two tokens{hook ? '' : ' and a dictionary'}.</p>
      )}
    </section>
  );
}
