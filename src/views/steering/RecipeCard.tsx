import { useId, useRef } from 'react';
import { exploreFeature } from '../../state/recipe-edits.ts';
import { MAX_PATCH_TEXT, type RecipeStep } from '../../state/recipe.ts';
import {
  amountOf,
  type Kind,
  kindsOf,
  patchText,
  type Subject,
  subjectOf,
  unitOf,
  withKind,
} from '../../state/recipe-steps.ts';
import { usePage } from '../../state/store.ts';
import { Info } from '../shared/Info.tsx';
import { LabelText } from '../shared/LabelText.tsx';
import { OwnLabel } from '../shared/OwnLabel.tsx';
import { RecipeScopePicker } from './RecipeScope.tsx';
import { RecipeStrength, RecipeUnit } from './RecipeStrength.tsx';
import { KIND_NAMES, subjectName } from './recipe-words.ts';
import { useLabels } from './useLabels.ts';

interface CardProps {
  step: RecipeStep;
  number: number;
  last: boolean;
  /** @param fresh a step of its own that one can go back from; not so while dragging */
  onChange: (step: RecipeStep, fresh: boolean) => void;
  onRemove: () => void;
  onMove: (by: -1 | 1) => void;
}

/** One step of the recipe. */
export function RecipeCard({ step, number, last, onChange, onRemove, onMove }: CardProps) {
  const subject = subjectOf(step);
  const name = `step ${number}, ${subjectName(subject)}`;
  const set = (changed: RecipeStep): void => onChange(changed, true);
  return (
    <li className={`step${step.off ? ' is-off' : ''}`} data-step={number - 1}>
      <div className="step-head">
        <input
          type="checkbox"
          checked={!step.off}
          aria-label={`On: ${name}`}
          title="On or off"
          onChange={(event) => {
            const { off: _, ...on } = step;
            set(event.target.checked ? on : { ...on, off: true });
          }}
        />
        <Title subject={subject} />
        <span className="step-tools">
          <button
            type="button"
            className="quiet"
            aria-label={`Move up: ${name}`}
            title="Earlier"
            data-move="-1"
            disabled={number === 1}
            onClick={() => onMove(-1)}
          >
            ↑
          </button>
          <button
            type="button"
            className="quiet"
            aria-label={`Move down: ${name}`}
            title="Later"
            data-move="1"
            disabled={last}
            onClick={() => onMove(1)}
          >
            ↓
          </button>
          <button
            type="button"
            className="quiet"
            aria-label={`Remove ${name}`}
            title="Remove; the browser’s Back brings it back"
            onClick={onRemove}
          >
            ×
          </button>
        </span>
      </div>
      <div className="step-line">
        <KindPicker step={step} subject={subject} name={name} onChange={set} />
        <RecipeScopePicker step={step} name={name} onChange={set} />
      </div>
      {amountOf(step) !== undefined && (
        <>
          <RecipeStrength step={step} name={name} onChange={onChange} />
          <RecipeUnit step={step} onChange={onChange} />
        </>
      )}
      {step.kind === 'add' && <Layers step={step} name={name} onChange={set} />}
      {step.kind === 'patch' && <Patch step={step} name={name} onChange={onChange} />}
    </li>
  );
}

/** What the step is about; a feature of the current dictionary with its label, and the way to it. */
function Title({ subject }: { subject: Subject }) {
  const dictionaries = usePage((state) => state.opened?.dictionaries);
  const current = usePage(({ opened }) => opened?.dictionary?.id);
  const feature = subject.kind === 'latent' && subject.dictionary === current ? subject.feature : undefined;
  const label = usePage(({ labels }) => (feature === undefined ? undefined : labels[feature]));
  const topToken = usePage(({ statistics }) =>
    feature === undefined ? undefined : statistics?.topTokens[feature],
  );
  useLabels(String(feature ?? ''));
  const hook =
    'dictionary' in subject
      ? (dictionaries?.find(({ id }) => id === subject.dictionary)?.hook ?? subject.dictionary)
      : undefined;
  return (
    <div className="step-title" tabIndex={-1}>
      <strong>
        {feature === undefined ? (
          subjectName(subject)
        ) : (
          <button
            type="button"
            className="link"
            title="Open in Explore"
            onClick={() => exploreFeature(feature)}
          >
            Feature {feature}
          </button>
        )}
      </strong>{' '}
      <span className="feature-label">
        {feature !== undefined && <OwnLabel feature={feature} />}
        <LabelText label={label} topToken={topToken} />
      </span>
      {hook !== undefined && subject.kind === 'latent' && <code className="small">{hook}</code>}
    </div>
  );
}

/** How each way changes an activation x; a is the feature's own value there. */
const KIND_FORMULAS: Record<Kind, string> = {
  add: 'x + strength · unit · W_dec[feature]',
  clamp: 'x + (strength · unit − a) · W_dec[feature]: the feature becomes that strong, the rest of x stays.',
  scale: 'The target times the factor: of a feature, x + (factor − 1) · a · W_dec[feature].',
  ablate: 'The target becomes zero, or its mean over the prompt’s rows (the first apart).',
  patch:
    'What the target is, without any step, in another text; rows are matched from the first or the last.',
  splice:
    'The dictionary’s reconstruction in place of x; with its error added, which changes nothing, to check.',
};

function KindPicker({
  step,
  subject,
  name,
  onChange,
}: {
  step: RecipeStep;
  subject: Subject;
  name: string;
  onChange: (step: RecipeStep) => void;
}) {
  const kinds = kindsOf(subject);
  return (
    <span className="step-kind">
      {kinds.length === 1 ? (
        <span>{KIND_NAMES[kinds[0]!]}</span>
      ) : (
        <select
          aria-label={`What is done in ${name}`}
          value={step.kind}
          onChange={(event) => {
            const page = usePage.getState();
            const unit =
              subject.kind === 'latent' ? unitOf(page, subject.dictionary, subject.feature).unit : 1;
            onChange(withKind(step, event.target.value as Kind, unit, page.view.text));
          }}
        >
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {KIND_NAMES[kind]}
            </option>
          ))}
        </select>
      )}
      {step.kind === 'ablate' && (
        <select
          aria-label={`What is left in ${name}`}
          value={step.with}
          onChange={(event) => onChange({ ...step, with: event.target.value as 'zero' | 'mean' })}
        >
          <option value="zero">to zero</option>
          <option value="mean">to its mean</option>
        </select>
      )}
      {step.kind === 'splice' && (
        <label className="tick-box small">
          <input
            type="checkbox"
            checked={step.error}
            onChange={(event) => onChange({ ...step, error: event.target.checked })}
          />{' '}
          with its error<span className="visually-hidden">: {name}</span>
        </label>
      )}
      <Info label={`What ${KIND_NAMES[step.kind]} does in ${name}`}>{KIND_FORMULAS[step.kind]}</Info>
    </span>
  );
}

const OWN = 'own';

/** Which layers a direction is added at: the dictionary's own, or the same hook of several. */
function Layers({
  step,
  name,
  onChange,
}: {
  step: Extract<RecipeStep, { kind: 'add' }>;
  name: string;
  onChange: (step: RecipeStep) => void;
}) {
  const id = useId();
  const count = usePage((state) => state.opened?.model.nLayers ?? 0);
  const all = Array.from({ length: Math.max(count, (step.layers?.[1] ?? 0) + 1) }, (_, layer) => layer);
  const { layers, ...own } = step;
  return (
    <div className="step-line small">
      <label htmlFor={id}>at</label>
      <select
        id={id}
        aria-label={`First layer of ${name}`}
        value={layers?.[0] ?? OWN}
        onChange={({ target: { value } }) =>
          onChange(
            value === OWN
              ? own
              : { ...own, layers: [Number(value), Math.max(Number(value), layers?.[1] ?? 0)] },
          )
        }
      >
        <option value={OWN}>its own hook</option>
        {all.map((layer) => (
          <option key={layer} value={layer}>
            layer {layer}
          </option>
        ))}
      </select>
      {layers && (
        <>
          to
          <select
            aria-label={`Last layer of ${name}`}
            value={layers[1]}
            onChange={({ target: { value } }) =>
              onChange({ ...own, layers: [Math.min(layers[0], Number(value)), Number(value)] })
            }
          >
            {all.map((layer) => (
              <option key={layer} value={layer}>
                layer {layer}
              </option>
            ))}
          </select>
        </>
      )}
    </div>
  );
}

function Patch({
  step,
  name,
  onChange,
}: {
  step: Extract<RecipeStep, { kind: 'patch' }>;
  name: string;
  onChange: CardProps['onChange'];
}) {
  const id = useId();
  const fresh = useRef(true);
  return (
    <>
      <label htmlFor={id} className="small">
        The text it is patched from<span className="visually-hidden">: {name}</span>
      </label>
      <textarea
        id={id}
        className="step-text"
        rows={2}
        spellCheck={false}
        maxLength={MAX_PATCH_TEXT}
        value={step.text}
        onFocus={() => {
          fresh.current = true;
        }}
        onChange={(event) => {
          onChange({ ...step, text: patchText(event.target.value) }, fresh.current);
          fresh.current = false;
        }}
      />
      <div className="step-line small">
        <label htmlFor={`${id}-align`}>rows are matched from</label>
        <select
          id={`${id}-align`}
          value={step.align}
          onChange={(event) => onChange({ ...step, align: event.target.value as 'start' | 'end' }, true)}
        >
          <option value="start">the first token</option>
          <option value="end">the last token</option>
        </select>
      </div>
    </>
  );
}
