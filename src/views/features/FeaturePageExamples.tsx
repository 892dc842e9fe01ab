import { DropdownMenu } from 'radix-ui';
import { useRef, useState } from 'react';
import type { ExampleGroup, ScanExample, ScanExamples } from '../../engine/protocol.ts';
import { layerOfHeads } from '../../state/attribution-question.ts';
import { featurePage, scanFigures, useFeaturePage } from '../../state/feature-page.ts';
import { steerFeatures } from '../../state/recipe-edits.ts';
import { usePage } from '../../state/store.ts';
import type { TableData } from '../shared/download.ts';
import { formatActivation, formatCount, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { FoundPart } from './FeaturePageFound.tsx';
import { TintedTokens } from './FeaturePageTokens.tsx';

/** Tokens on either side of the one an example is of. */
const CONTEXT = 12;

/** Texts the feature fires on: the strongest, some of every interval of values, and near misses. */
export function FeaturePageExamples() {
  const examples = useFeaturePage((state) => state.examples);
  const { whole, breaks, more } = useFeaturePage();
  const software = usePage((state) => state.opened?.adapter.software ?? false);
  return (
    <Panel
      title="Examples"
      className="feature-examples"
      about={
        <>
          <p>
            Top: the texts with the largest values, one place a text. Intervals: of equal width between 0 and
            the largest value; with each, how many of the feature’s firings lie in it, and some of them chosen
            at random. Where the share has a ≈ it is estimated from a uniform sample of the firings of every
            bin of the histogram.
          </p>
          <p>
            Near misses: tokens on which it is not active although its value would be large: what it would be,
            and what it had to exceed (its threshold, or the smallest of the k that were kept there). Looked
            for in the texts above and in others spread evenly over what was read.
          </p>
          <p>
            Tint: log₁₀(1 + 9 · value ÷ the largest known), one scale for all. Arrow keys walk the tokens it
            fires on.
          </p>
        </>
      }
      table={() => tableOf(examples.value)}
      textColumns={[4]}
      files={[
        {
          name: 'JSON, with all tokens',
          extension: 'json',
          type: 'application/json',
          content: () => JSON.stringify(examples.value ?? null, plain, 1),
        },
      ]}
      images={false}
    >
      <div className="row feature-example-tools">
        <fieldset className="row">
          <legend className="visually-hidden">How much of each text</legend>
          {[false, true].map((each) => (
            <label key={String(each)}>
              <input
                type="radio"
                name="how-much"
                checked={whole === each}
                onChange={() => useFeaturePage.setState({ whole: each })}
              />{' '}
              {each ? 'full' : 'snippet'}
            </label>
          ))}
        </fieldset>
        <label>
          <input
            type="checkbox"
            checked={breaks}
            onChange={(event) => useFeaturePage.setState({ breaks: event.target.checked })}
          />{' '}
          line breaks
        </label>
        {software && !more && examples.value && (
          <button type="button" className="quiet" onClick={() => featurePage.showMore()}>
            More of each
          </button>
        )}
      </div>
      <FoundPart found={examples} waiting="Reading the texts it fires on …">
        {(value) => <Groups value={value} running={examples.running} />}
      </FoundPart>
    </Panel>
  );
}

function Groups({ value, running }: { value: ScanExamples; running: boolean }) {
  const max = usePage((state) => scanFigures(state)?.max[value.feature] ?? 0);
  const fires = value.groups.some(({ kind }) => kind !== 'near-miss');
  return (
    <>
      {!fires && <p className="quiet-text">It fires nowhere in what was read.</p>}
      {value.groups.map((group) => (
        <section key={`${group.kind} ${group.low}`} className="feature-group" aria-label={nameOf(group)}>
          <h3>
            {nameOf(group)} <span className="small">{sayingOf(group)}</span>
          </h3>
          <ol className="example-rows">
            {group.examples.map((example) => (
              <li key={`${example.item}/${example.first + example.at}`}>
                <ExampleRow example={example} max={max} />
              </li>
            ))}
          </ol>
          {group.examples.length === 0 && (
            <p className="quiet-text">
              {group.kind === 'near-miss' ? 'It fires on every token that was looked at.' : 'None was kept.'}
            </p>
          )}
        </section>
      ))}
      {running && (
        <p className="small" role="status">
          Looking for near misses …
        </p>
      )}
    </>
  );
}

function nameOf({ kind, low, high }: ExampleGroup): string {
  if (kind === 'top') return 'Top';
  if (kind === 'near-miss') return 'Near misses';
  return `${formatActivation(low)} – ${formatActivation(high)}`;
}

function sayingOf({ kind, share, count, exact, searched, examples }: ExampleGroup): string {
  if (kind === 'top') return `the ${formatCount(examples.length)} texts with the largest values`;
  if (kind === 'near-miss')
    return `largest would-be values without firing, in ${formatCount(searched?.tokens ?? 0)} tokens of ${formatCount(searched?.windows ?? 0)} texts`;
  return exact
    ? `${formatPercent(share)} of its firings (${formatCount(count)})`
    : `≈ ${formatPercent(share)} of its firings (≈ ${formatCount(Math.round(count))})`;
}

function ExampleRow({ example, max }: { example: ScanExample; max: number }) {
  const { tokens, values, at, value, bar, item, metadata } = example;
  const whole = useFeaturePage((state) => state.whole);
  const breaks = useFeaturePage((state) => state.breaks);
  const [peek, setPeek] = useState<number | null>(null);
  const from = whole ? 0 : Math.max(0, at - CONTEXT);
  const to = whole ? tokens.length : Math.min(tokens.length, at + CONTEXT + 1);
  const token = peek ?? at;
  const own = token === at ? value : values[token]!;
  return (
    <article className="example-row" aria-label={`Text ${item}, value ${formatActivation(value)}`}>
      <div className="example-peak">
        <TokenText text={tokens[token] ?? ''} />
        <strong className="number">{formatActivation(own)}</strong>
        {bar !== undefined && token === at && (
          <span className="small">
            {formatActivation(bar - value)} short of {formatActivation(bar)}
          </span>
        )}
      </div>
      <div className="example-body">
        <TintedTokens
          tokens={tokens}
          values={values}
          from={from}
          to={to}
          max={max}
          at={at}
          breaks={breaks}
          onPeek={setPeek}
        />
        <p className="small example-foot">
          text {item}
          {metadata.filter((each) => each !== '').length > 0 &&
            ` · ${metadata.slice(0, 4).join(' · ').slice(0, 160)}`}
          {example.first > 0 && ` · from token ${formatCount(example.first)}`}
          <ExampleMenu example={example} />
        </p>
      </div>
    </article>
  );
}

function ExampleMenu({ example }: { example: ScanExample }) {
  const setText = usePage((state) => state.setText);
  const goTo = usePage((state) => state.goTo);
  const feature = usePage((state) => state.view.feature)!;
  const layer = usePage((state) => layerOfHeads(state.opened?.dictionary?.hook));
  /** The focus goes to the test box, not back to the menu's button. */
  const toBox = useRef(false);
  // Position 0 is what is read before a text.
  const active = example.at + 1;
  const steps: readonly (readonly [string, () => void])[] = [
    [
      'Open in Explore',
      () => {
        setText(example.text);
        goTo('explore', { active });
      },
    ],
    [
      'Steer on this text',
      () => {
        setText(example.text);
        steerFeatures([feature]);
      },
    ],
    [
      'Trace through the heads',
      () => {
        setText(example.text);
        goTo('heads', layer === undefined ? { active } : { active, layer, part: 'features', trail: [] });
      },
    ],
  ];
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="quiet" aria-label={`Use text ${example.item}`}>
        Use ▾
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal container={document.getElementById('main')}>
        <DropdownMenu.Content
          className="menu"
          align="end"
          sideOffset={4}
          onCloseAutoFocus={(event) => {
            if (!toBox.current) return;
            toBox.current = false;
            event.preventDefault();
            document.querySelector<HTMLElement>('.feature-test-text')?.focus();
          }}
        >
          <DropdownMenu.Item
            onSelect={() => {
              setText(example.text);
              toBox.current = true;
            }}
          >
            Edit it in the test box
          </DropdownMenu.Item>
          {steps.map(([name, step]) => (
            <DropdownMenu.Item key={name} onSelect={step}>
              {name}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function tableOf(examples: ScanExamples | undefined): TableData {
  const columns = [
    'group',
    'from',
    'to',
    'text',
    'token',
    'position',
    'value',
    'to exceed',
    'metadata',
    'window',
  ];
  return {
    columns,
    rows: (examples?.groups ?? []).flatMap(({ kind, low, high, examples: own }) =>
      own.map(({ item, tokens, at, first, value, bar, metadata, text }) => [
        kind, low, high, item, tokens[at] ?? '', first + at, value, bar ?? null, metadata.join('; '), text,
      ]),
    ),
  }; // oxfmt-ignore
}

/** Typed arrays as lists. */
const plain = (_: string, value: unknown): unknown =>
  value instanceof Float32Array ? Array.from(value) : value;
