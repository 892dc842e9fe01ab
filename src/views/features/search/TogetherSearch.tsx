import { type FormEvent, useId, useState } from 'react';
import type { TogetherExample, TogetherExamples } from '../../../engine/protocol.ts';
import { useSearch } from '../../../state/search.ts';
import { usePage } from '../../../state/store.ts';
import { MAX_TOGETHER, type ViewState, WITHIN } from '../../../state/view-state.ts';
import type { TableData } from '../../shared/download.ts';
import { formatActivation, formatCount, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { TokenText } from '../../shared/TokenText.tsx';
import { FeaturePageSource } from '../FeaturePageSource.tsx';
import { FeatureLink, FeatureWordsText } from '../FeatureCells.tsx';
import { TintedText } from './TintedText.tsx';
import { Asking } from './Asking.tsx';

const NO_TABLE: TableData = { columns: [], rows: [] };

/** Tokens or texts of the corpus where some features fire and others do not. */
export function TogetherSearch() {
  const id = useId();
  const { together, within } = usePage((state) => state.view);
  const change = usePage((state) => state.change);
  const asked = useSearch((state) => state.together);
  const found = together.length > 0 ? asked.value : undefined;
  return (
    <Panel
      title="Features that fire together"
      about={
        <>
          <p>
            Looked for in the sample of tokens that a scan keeps with all their features: a uniform sample,
            all tokens where there are few. <em>On a token</em>: all of the first fire there, none of the
            others. <em>In a text</em>: all fire on some of its sampled tokens and none of the others on any;
            an example is left out when, read in full, one of those does fire.
          </p>
          <p>Examples come by the activation of the weakest feature, largest first.</p>
        </>
      }
      table={() => (found ? togetherTable(found, together) : NO_TABLE)}
      textColumns={[2]}
      images={false}
    >
      <div className="together-form">
        <Features field="together" title="All of these fire" />
        <Features field="without" title="None of these fires" />
        <div className="row">
          <label htmlFor={id}>Where</label>
          <select
            id={id}
            value={within}
            onChange={(event) => change({ within: event.target.value as ViewState['within'] })}
          >
            {WITHIN.map((value) => (
              <option key={value} value={value}>
                {value === 'token' ? 'on one token' : 'in one text'}
              </option>
            ))}
          </select>
        </div>
      </div>
      {together.length === 0 && <p className="quiet-text">Name features by their numbers.</p>}
      <FeaturePageSource />
      <Asking name="together" label="Looking through the sample" />
      {found && <Found found={found} features={together} within={within} stale={asked.of !== asked.key} />}
    </Panel>
  );
}

function Features({ field, title }: { field: 'together' | 'without'; title: string }) {
  const id = useId();
  const chosen = usePage((state) => state.view[field]);
  const pins = usePage((state) => state.view.pins);
  const dSae = usePage((state) => state.opened?.dictionary?.dSae ?? 0);
  const change = usePage((state) => state.change);
  const [typed, setTyped] = useState('');
  const number = /^#?(\d{1,9})$/.exec(typed.trim())?.[1];
  const feature = number === undefined ? undefined : Number(number);
  const fits =
    feature !== undefined && feature < dSae && !chosen.includes(feature) && chosen.length < MAX_TOGETHER;
  const add = (event: FormEvent): void => {
    event.preventDefault();
    if (!fits) return;
    change({ [field]: [...chosen, feature] });
    setTyped('');
  };
  const pinned = pins.filter((pin) => !chosen.includes(pin)).slice(0, MAX_TOGETHER - chosen.length);
  return (
    <form className="together-side" aria-label={title} onSubmit={add}>
      <h3>{title}</h3>
      <ul className="chosen-features">
        {chosen.map((index) => (
          <li key={index}>
            <FeatureLink feature={index} /> <FeatureWordsText feature={index} />
            <button
              type="button"
              className="quiet"
              aria-label={`Take out feature ${index}`}
              onClick={() => change({ [field]: chosen.filter((other) => other !== index) })}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <div className="row">
        <label htmlFor={id}>Number</label>
        <input
          id={id}
          inputMode="numeric"
          size={7}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" disabled={!fits}>
          Add
        </button>
        {field === 'together' && pinned.length > 0 && (
          <button
            type="button"
            className="quiet"
            onClick={() => change({ together: [...chosen, ...pinned] })}
          >
            Add the pinned ones
          </button>
        )}
      </div>
      {feature !== undefined && feature >= dSae && (
        <p className="small note">This dictionary has features 0 to {dSae - 1}.</p>
      )}
    </form>
  );
}

interface FoundProps {
  found: TogetherExamples;
  features: readonly number[];
  within: ViewState['within'];
  stale: boolean;
}

function Found({ found, features, within, stale }: FoundProps) {
  const { looked, fitting, examples } = found;
  const [tinted, setTinted] = useState(0);
  // Of a question with other features there may be fewer.
  const shown = Math.min(tinted, (examples[0]?.all.length ?? 1) - 1);
  const max = Math.max(
    0,
    ...examples.map(({ all }) => all[shown]!.reduce((most, value) => Math.max(most, value), 0)),
  );
  return (
    <div className={stale ? 'of-other-inputs' : ''} aria-busy={stale}>
      <p className="small" role="status">
        {formatCount(fitting)} of {formatCount(looked)}{' '}
        {within === 'token' ? 'sampled tokens' : 'texts with sampled tokens'} (
        {formatPercent(looked > 0 ? fitting / looked : NaN)})
      </p>
      {examples.length > 0 && features.length > 1 && !stale && (
        <fieldset className="choice-row" aria-label="Tint by">
          <span aria-hidden="true">Tint by</span>
          {features.map((feature, i) => (
            <label key={feature}>
              <input type="radio" name="tinted-feature" checked={shown === i} onChange={() => setTinted(i)} />{' '}
              #{feature}
            </label>
          ))}
        </fieldset>
      )}
      <ol className="together-examples" aria-label="Examples">
        {examples.map((example) => (
          <li key={`${example.item} ${example.first} ${example.at}`}>
            <Example example={example} shown={shown} feature={features[shown] ?? 0} max={max} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function Example({
  example,
  shown,
  feature,
  max,
}: {
  example: TogetherExample;
  shown: number;
  feature: number;
  max: number;
}) {
  const { item, metadata, tokens, all, at } = example;
  return (
    <>
      <p className="small">
        text {formatCount(item)}
        {metadata.some(Boolean) && ` · ${metadata.filter(Boolean).join(', ')}`} ·{' '}
        <TokenText text={tokens[at] ?? ''} />{' '}
        {all.map((values) => formatActivation(values[at] ?? 0)).join(' · ')}
      </p>
      <TintedText
        label={`Text ${item}, tinted by feature ${feature}`}
        tokens={tokens}
        values={all[shown] ?? []}
        max={max}
        at={at}
      />
    </>
  );
}

function togetherTable({ examples }: TogetherExamples, features: readonly number[]): TableData {
  return {
    columns: ['text', 'position', 'token', ...features.map((feature) => `feature ${feature}`), 'tokens'],
    rows: examples.map(({ item, first, at, tokens, all }) => [
      item,
      first + at,
      tokens[at] ?? '',
      ...features.map((_, i) => all[i]?.[at] ?? null),
      tokens.join(''),
    ]),
  };
}
