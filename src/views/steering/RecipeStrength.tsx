import { type CSSProperties, useRef, useState } from 'react';
import { useScans } from '../../state/scans.ts';
import type { RecipeStep } from '../../state/recipe.ts';
import { amountOf, meanWhenActive, restOf, unitOf, withAmount } from '../../state/recipe-steps.ts';
import { usePage } from '../../state/store.ts';
import { formatActivation, formatCount, formatFixed } from '../shared/format.ts';
import { stepByKey } from '../shared/keys.ts';

/** Ends of the slider: the first that holds the number. */
const SPANS = [4, 10, 40, 100, 400, 1_000, 10_000, 100_000, 1_000_000];
const MOST = SPANS.at(-1)!;
const STEPS = 160;

const spanOf = (amount: number): number => SPANS.find((span) => Math.abs(amount) <= span) ?? MOST;

interface StrengthProps {
  step: RecipeStep;
  name: string;
  /** @param fresh whether it begins a gesture, so that going back undoes the whole of it */
  onChange: (step: RecipeStep, fresh: boolean) => void;
}

/** How much of a step: a slider for the usual, a box for any number. */
export function RecipeStrength({ step, name, onChange }: StrengthProps) {
  const amount = amountOf(step) ?? 0;
  const rest = restOf(step);
  const fresh = useRef(true);
  /** What is typed, while it is: on its way to a number it may be none. */
  const [draft, setDraft] = useState<string>();
  // The ends do not move back under a pointer that drags.
  const [span, setSpan] = useState(() => spanOf(amount));
  if (spanOf(amount) > span) setSpan(spanOf(amount));
  const times = step.kind === 'scale' ? '' : '×';

  const give = (value: number): void => {
    if (value === amount) return;
    onChange(withAmount(step, value), fresh.current);
    fresh.current = false;
  };
  const begin = (): void => {
    fresh.current = true;
  };
  const reset = (): void => {
    begin();
    give(rest);
  };

  return (
    <div className="strength">
      <div className="strength-slider">
        <Marks step={step} span={span} />
        <input
          type="range"
          aria-label={`${step.kind === 'scale' ? 'Factor' : 'Strength'} of ${name}`}
          aria-valuetext={`${formatFixed(amount)}${times ? ' times its largest' : ''}`}
          title="Double-click or Home: back to where it changes nothing"
          min={-span}
          max={span}
          step={(2 * span) / STEPS}
          value={amount}
          onChange={(event) => give(Number(event.target.value))}
          onPointerDown={begin}
          onFocus={begin}
          onDoubleClick={reset}
          onKeyDown={(event) => stepByKey(event, { Home: reset })}
        />
      </div>
      <span className="strength-number">
        <input
          type="number"
          aria-label={`${step.kind === 'scale' ? 'Factor' : 'Strength'} of ${name}, as a number`}
          step="any"
          min={-MOST}
          max={MOST}
          value={draft ?? amount}
          onFocus={begin}
          onBlur={() => setDraft(undefined)}
          onChange={({ target: { value } }) => {
            setDraft(value);
            const number = Number(value);
            if (value.trim() !== '' && Math.abs(number) <= MOST) give(number);
          }}
        />
        <span aria-hidden="true">{times}</span>
      </span>
    </div>
  );
}

/** Where on the slider's way a number lies, ends of the thumb's travel apart. */
const placed = (amount: number, span: number): CSSProperties =>
  ({ '--at': ((amount + span) / (2 * span)).toFixed(4) }) as CSSProperties;

/** The natural range, from nothing to as strong as it ever was, with a tick at its mean. */
function Marks({ step, span }: { step: RecipeStep; span: number }) {
  const opened = usePage((state) => state.opened);
  const statistics = usePage((state) => state.statistics);
  const analysis = usePage((state) => state.analysis);
  if (step.kind === 'scale')
    return <span className="strength-tick" style={placed(1, span)} title="1: unchanged" aria-hidden="true" />;
  if (step.kind !== 'add' && step.kind !== 'clamp') return null;
  const mean = meanWhenActive({ opened, statistics, analysis }, step.dictionary, step.feature) / step.unit;
  return (
    <span aria-hidden="true">
      <span
        className="strength-natural"
        style={{ ...placed(0, span), ...({ '--wide': (1 / (2 * span)).toFixed(4) } as CSSProperties) }}
      />
      <span className="strength-tick is-zero" style={placed(0, span)} />
      {mean > 0 && mean <= span && <span className="strength-tick" style={placed(mean, span)} />}
    </span>
  );
}

/** What 1 stands for, and the way to know it better. */
export function RecipeUnit({ step, onChange }: Omit<StrengthProps, 'name'>) {
  const opened = usePage((state) => state.opened);
  const statistics = usePage((state) => state.statistics);
  const analysis = usePage((state) => state.analysis);
  const sampling = usePage((state) => state.sampling);
  const run = useScans((state) => state.run);
  if (step.kind === 'scale')
    return (
      <p className="small">
        {step.target.kind === 'latent' ? 'times its own activation' : 'times what it is'}; 1 changes nothing
      </p>
    );
  if (step.kind !== 'add' && step.kind !== 'clamp') return null;
  const known = { opened, statistics, analysis };
  const own = unitOf(known, step.dictionary, step.feature);
  const mean = meanWhenActive(known, step.dictionary, step.feature);
  // A difference that is not shown is none.
  const here = formatActivation(own.unit) === formatActivation(step.unit);
  const current = opened?.dictionary?.id === step.dictionary;
  return (
    <p className="small strength-unit">
      1× = {formatActivation(step.unit)}
      {own.of === 'nothing'
        ? current
          ? '; it fires on no token of this text'
          : ''
        : here
          ? `, its largest on ${formatCount(own.tokens)} tokens${own.of === 'text' ? ' of this text' : ''}`
          : `; its largest on ${formatCount(own.tokens)} tokens${own.of === 'text' ? ' of this text' : ''} is ${formatActivation(own.unit)}`}
      {mean > 0 && ` · mean when active ${formatFixed(mean / step.unit)}×`}
      {!here && own.of !== 'nothing' && (
        <>
          {' '}
          <button type="button" className="link" onClick={() => onChange({ ...step, unit: own.unit }, true)}>
            Use that
          </button>
        </>
      )}
      {current && own.of !== 'sample' && !statistics && (
        <>
          {' '}
          {sampling ? (
            <span role="status">reading a sample …</span>
          ) : (
            <button type="button" className="link" onClick={() => void run()}>
              Read a sample
            </button>
          )}
        </>
      )}
    </p>
  );
}
