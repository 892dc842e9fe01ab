import { useId, useState } from 'react';
import type { PatternInfo, PatternParameter } from '../../../engine/protocol.ts';
import { USUAL_BUDGET, useSparse, usualChoice } from '../../../state/sparse.ts';
import { usePage } from '../../../state/store.ts';
import type { SparseChoice } from '../../../state/view-state.ts';
import { formatPercent } from '../../shared/format.ts';
import { Info } from '../../shared/Info.tsx';
import { visitedUnder } from './derived.ts';
import { LOOKS, whoText } from './words.ts';

interface CardProps {
  choice: SparseChoice;
  number: number;
  onChange: (choice: SparseChoice) => void;
  onRemove: () => void;
}

/** One entry of the list. Menus and fields are what the registry of patterns says. */
export function AssignmentCard({ choice, number, onChange, onRemove }: CardProps) {
  const id = useId();
  const patterns = useSparse((state) => state.patterns);
  const pattern = patterns?.find((one) => one.id === choice.pattern);
  const name = `entry ${number}, ${whoText(choice)}`;
  return (
    <li className={`assignment${choice.off ? ' is-off' : ''}`}>
      <div className="row">
        <label className="tick-box">
          <input
            type="checkbox"
            checked={!choice.off}
            aria-label={`On: ${name}`}
            onChange={(event) => {
              const { off: _, ...on } = choice;
              onChange(event.target.checked ? on : { ...on, off: true });
            }}
          />
          <span aria-hidden="true">On</span>
        </label>
        <Who choice={choice} number={number} onChange={onChange} />
        <label htmlFor={`${id}-pattern`} className="small">
          under
        </label>
        <select
          id={`${id}-pattern`}
          data-pattern
          aria-label={`Pattern of ${name}`}
          value={choice.pattern}
          onChange={(event) => {
            const other = patterns?.find((one) => one.id === event.target.value);
            if (other) onChange(carriedOver(choice, other));
          }}
        >
          {!pattern && <option value={choice.pattern}>{choice.pattern} (not on this page)</option>}
          {patterns?.map(({ id: value, title }) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
        {pattern && (
          <Info label={`What ${pattern.title} is`}>
            <p>{pattern.description}</p>
            <p>{LOOKS[pattern.looksAt]}</p>
            <p className="small">{pattern.source}</p>
          </Info>
        )}
        <span className="grow" />
        <button type="button" className="quiet" aria-label={`Remove ${name}`} onClick={onRemove}>
          Remove
        </button>
      </div>
      {pattern && pattern.parameters.length > 0 && (
        <div className="row assignment-size">
          {pattern.sizedBy !== undefined && <Budget choice={choice} name={name} onChange={onChange} />}
          {pattern.parameters.map((parameter) => (
            <Parameter
              key={parameter.id}
              parameter={parameter}
              budgeted={parameter.id === pattern.sizedBy && choice.budget !== undefined}
              choice={choice}
              name={name}
              onChange={onChange}
            />
          ))}
        </div>
      )}
      {!choice.off && <Visited entry={number - 1} budget={choice.budget} />}
    </li>
  );
}

/** A budget this far from what is visited is explained. */
const FAR = 0.05;

/** What came of a budget: blocks are whole, and some are always kept. */
function Visited({ entry, budget }: { entry: number; budget: number | undefined }) {
  const sparse = usePage((state) => state.view.sparse);
  const heads = useSparse((state) => state.result?.sparse.heads);
  const running = useSparse((state) => state.running !== undefined);
  const visited = heads ? visitedUnder(heads, sparse, entry) : NaN;
  if (running || !heads) return <p className="small">{'\u00a0'}</p>;
  if (Number.isNaN(visited))
    return <p className="small">Later entries name the same heads: this one holds for none.</p>;
  const far = budget !== undefined && visited > budget + FAR;
  return (
    <p className="small">
      {formatPercent(visited)} of its blocks are visited
      {far &&
        ', more than asked: whole blocks, and those always kept, weigh much in a text this short. Smaller blocks come closer'}
      .
    </p>
  );
}

/** The same heads and budget under another pattern, whose parameters are its own. */
function carriedOver(choice: SparseChoice, pattern: PatternInfo): SparseChoice {
  const { layer, heads, budget, off } = choice;
  const usual = usualChoice(pattern, { layer, heads });
  return {
    ...usual,
    ...(usual.budget !== undefined && budget !== undefined && { budget }),
    ...(off && { off }),
  };
}

const ALL = 'all';

function Who({ choice, number, onChange }: Omit<CardProps, 'onRemove'>) {
  const model = usePage((state) => state.opened?.model);
  const { layer, heads } = choice;
  const several = heads !== null && (heads.length > 1 || heads[0]! >= (model?.nHeads ?? 0));
  const numbers = (count = 0): number[] => Array.from({ length: count }, (_, i) => i);
  return (
    <>
      <select
        aria-label={`Layer of entry ${number}`}
        value={layer ?? ALL}
        onChange={(event) =>
          onChange({ ...choice, layer: event.target.value === ALL ? null : Number(event.target.value) })
        }
      >
        <option value={ALL}>every layer</option>
        {layer !== null && layer >= (model?.nLayers ?? 0) && <option value={layer}>layer {layer}</option>}
        {numbers(model?.nLayers).map((value) => (
          <option key={value} value={value}>
            layer {value}
          </option>
        ))}
      </select>
      <select
        aria-label={`Heads of entry ${number}`}
        value={heads === null ? ALL : several ? 'these' : heads[0]}
        onChange={(event) => {
          const { value } = event.target;
          if (value !== 'these') onChange({ ...choice, heads: value === ALL ? null : [Number(value)] });
        }}
      >
        <option value={ALL}>all heads</option>
        {several && <option value="these">heads {heads.join(', ')}</option>}
        {numbers(model?.nHeads).map((value) => (
          <option key={value} value={value}>
            head {value}
          </option>
        ))}
      </select>
    </>
  );
}

interface SizeProps {
  choice: SparseChoice;
  name: string;
  onChange: (choice: SparseChoice) => void;
}

function Budget({ choice, name, onChange }: SizeProps) {
  const { budget } = choice;
  return (
    <span className="budget">
      <label className="tick-box small">
        <input
          type="checkbox"
          checked={budget !== undefined}
          onChange={(event) => {
            const { budget: _, ...own } = choice;
            onChange(event.target.checked ? { ...own, budget: USUAL_BUDGET } : own);
          }}
        />
        by budget<span className="visually-hidden">: {name}</span>
      </label>
      <input
        type="range"
        aria-label={`Budget of ${name}`}
        aria-valuetext={budget === undefined ? 'not used' : `${formatPercent(budget)} of the causal blocks`}
        min={0}
        max={100}
        step={1}
        disabled={budget === undefined}
        value={Math.round(100 * (budget ?? USUAL_BUDGET))}
        onChange={(event) => onChange({ ...choice, budget: Number(event.target.value) / 100 })}
      />
      <output className="number small">{budget === undefined ? '–' : formatPercent(budget)}</output>
    </span>
  );
}

/** @param budgeted the budget says how large it is */
function Parameter({
  parameter,
  budgeted,
  choice,
  name,
  onChange,
}: SizeProps & { parameter: PatternParameter; budgeted: boolean }) {
  const id = useId();
  /** What is typed, while it is: on its way to a number it may be none, or out of bounds. */
  const [draft, setDraft] = useState<string>();
  const { least, most, usual, integer } = parameter;
  const { [parameter.id]: value, ...others } = choice.parameters;
  const give = (text: string): void => {
    setDraft(text);
    const number = Number(text);
    if (text === '') onChange({ ...choice, parameters: others });
    else if (number >= least && number <= most && (!integer || Number.isInteger(number)))
      onChange({ ...choice, parameters: { ...others, [parameter.id]: number } });
  };
  return (
    <span className="parameter">
      <label htmlFor={id} className="small">
        {parameter.title}
      </label>
      <Info label={`What ${parameter.title} means`}>
        <p>{parameter.about}</p>
        <p className="small">
          {least} to {most}; usually {usual}.{budgeted && ' The budget sets it now.'}
        </p>
      </Info>
      <input
        id={id}
        type="number"
        aria-label={`${parameter.title} of ${name}`}
        min={least}
        max={most}
        step={integer ? 1 : 'any'}
        placeholder={budgeted ? 'by budget' : String(usual)}
        disabled={budgeted}
        value={budgeted ? '' : (draft ?? value ?? '')}
        onChange={(event) => give(event.target.value)}
        onBlur={() => setDraft(undefined)}
      />
    </span>
  );
}
