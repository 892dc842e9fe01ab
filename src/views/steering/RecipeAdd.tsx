import { type FormEvent, useId, useMemo, useState } from 'react';
import { appendSteps } from '../../state/recipe-edits.ts';
import type { RecipeStep, RecipeTarget } from '../../state/recipe.ts';
import { ablateStep, addStep, patchText } from '../../state/recipe-steps.ts';
import { usePage } from '../../state/store.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { featureMatches } from './recipe-search.ts';
import { useLabels } from './useLabels.ts';

const WHAT = {
  feature: 'a feature',
  head: 'a head',
  hook: 'a layer’s activation',
  patch: 'another text’s activation',
  splice: 'a dictionary’s reconstruction',
} as const;
type What = keyof typeof WHAT;

/** Activations a step can be about: those of a layer that read as one vector a token. */
const STEERED_HOOK = /^blocks\.\d+\.(hook_resid_(pre|mid|post)|hook_attn_out|hook_mlp_out|mlp\.hook_post)$/;
/** Answers shown of a search. */
const SHOWN = 6;
/** Features whose words are asked for at once. */
const LABELLED = 256;

/** Adds a step: what is chosen in the menu decides what else is asked. */
export function RecipeAdd() {
  const id = useId();
  const [what, setWhat] = useState<What>('feature');
  return (
    <div className="recipe-add">
      <div className="step-line">
        <label htmlFor={id}>Add</label>
        <select id={id} value={what} onChange={(event) => setWhat(event.target.value as What)}>
          {Object.entries(WHAT).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </div>
      {what === 'feature' ? (
        <AddFeature />
      ) : what === 'head' ? (
        <AddHead />
      ) : what === 'splice' ? (
        <AddSplice />
      ) : (
        <AddHook key={what} patch={what === 'patch'} />
      )}
    </div>
  );
}

function submitting(add: () => void) {
  return (event: FormEvent): void => {
    event.preventDefault();
    add();
  };
}

function useDictionaries() {
  const opened = usePage((state) => state.opened);
  const [chosen, setChosen] = useState('');
  const all = opened?.dictionaries ?? [];
  const dictionary = all.find(({ id }) => id === chosen)?.id ?? opened?.dictionary?.id ?? all[0]?.id;
  return { all, dictionary, setChosen, current: opened?.dictionary };
}

function DictionaryChoice({ id, found }: { id: string; found: ReturnType<typeof useDictionaries> }) {
  return (
    <>
      <label htmlFor={id} className="small">
        of
      </label>
      <select
        id={id}
        aria-label="Dictionary of the new step"
        value={found.dictionary}
        onChange={(event) => found.setChosen(event.target.value)}
      >
        {found.all.map(({ id: value, hook, title }) => (
          <option key={value} value={value}>
            {hook} — {title}
          </option>
        ))}
      </select>
    </>
  );
}

function NoDictionary() {
  return <p className="small">No dictionary is listed for this model: the Models view finds them.</p>;
}

/** By number in any dictionary; by the words of its label in the current one. */
function AddFeature() {
  const id = useId();
  const found = useDictionaries();
  const [search, setSearch] = useState('');
  const { dictionary, current } = found;
  const here = dictionary !== undefined && dictionary === current?.id;
  const matches = useMatches(search, here);
  if (dictionary === undefined) return <NoDictionary />;
  const number = /^#?(\d{1,9})$/.exec(search.trim())?.[1];
  const feature = number === undefined ? undefined : Number(number);
  const beyond = here && feature !== undefined && feature >= current.dSae;
  const add = (which: number): void => {
    setSearch('');
    appendSteps([addStep(usePage.getState(), dictionary, which)]);
  };
  const first = feature ?? (here ? matches[0] : undefined);
  return (
    <form onSubmit={submitting(() => first !== undefined && !beyond && add(first))} className="recipe-form">
      <div className="step-line">
        <DictionaryChoice id={`${id}-of`} found={found} />
      </div>
      <div className="step-line">
        <input
          type="search"
          className="grow"
          aria-label={here ? 'Number of a feature, or a word of its label' : 'Number of a feature'}
          placeholder={here ? 'number, or a token it fires on or promotes' : 'number'}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <button type="submit" disabled={first === undefined || beyond}>
          Add{first !== undefined && !beyond ? ` ${first}` : ''}
        </button>
      </div>
      {beyond && <p className="small note">This dictionary has features 0 to {current.dSae - 1}.</p>}
      {here && (
        <>
          <p className="small">
            {search.trim() === '' ? 'Strongest on the chosen tokens:' : `Matching “${search.trim()}”:`}
            {matches.length === 0 && ' none known'}
          </p>
          <ul className="matches" aria-label="Features to add">
            {matches.map((match) => (
              <li key={match}>
                <Match feature={match} onAdd={add} />
              </li>
            ))}
          </ul>
        </>
      )}
    </form>
  );
}

function Match({ feature, onAdd }: { feature: number; onAdd: (feature: number) => void }) {
  const label = usePage((state) => state.labels[feature]);
  const topToken = usePage((state) => state.statistics?.topTokens[feature]);
  return (
    <button type="button" className="match" onClick={() => onAdd(feature)}>
      <span className="visually-hidden">Add feature </span>
      <span className="feature-index">#{feature}</span>{' '}
      <span className="feature-label">
        <LabelText label={label} topToken={topToken} />
      </span>
    </button>
  );
}

/** Features of the current dictionary that answer a search; without one, those that are strongest here. */
function useMatches(search: string, here: boolean): number[] {
  const analysis = usePage((state) => state.analysis);
  const labels = usePage((state) => state.labels);
  const statistics = usePage((state) => state.statistics);
  const selection = usePage((state) => state.view.selection);
  const active = usePage((state) => state.view.active);
  const dictionary = usePage((state) => state.opened?.dictionary);
  const dSae = dictionary?.dSae ?? 0;
  const digest = dictionary?.digest;
  const wording = here && /\D/.test(search.trim());
  const matches = useMemo(
    () =>
      here && analysis && analysis.dictionaryDigest === digest
        ? featureMatches({ search, analysis, labels, statistics, selection, active, dSae }, SHOWN)
        : [],
    [here, digest, search, analysis, labels, statistics, selection, active, dSae],
  );
  useLabels(matches.join(','));
  // Words are searched for among the features that fire here: a dictionary may have more than can be labelled.
  useLabels(wording && analysis ? [...new Set(analysis.codes.indices)].slice(0, LABELLED).join(',') : '');
  return matches;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function AddHead() {
  const id = useId();
  const model = usePage((state) => state.opened?.model);
  const [layer, setLayer] = useState(0);
  const [head, setHead] = useState(0);
  const select = (what: string, count: number, value: number, set: (value: number) => void) => (
    <>
      <label htmlFor={`${id}-${what}`} className="small">
        {what}
      </label>
      <select id={`${id}-${what}`} value={value} onChange={(event) => set(Number(event.target.value))}>
        {upTo(count).map((number) => (
          <option key={number} value={number}>
            {number}
          </option>
        ))}
      </select>
    </>
  );
  return (
    <form
      className="step-line"
      onSubmit={submitting(() => void appendSteps([ablateStep({ kind: 'head', layer, head })]))}
    >
      {select('layer', model?.nLayers ?? 0, layer, setLayer)}
      {select('head', model?.nHeads ?? 0, head, setHead)}
      <button type="submit">
        Add {layer}.{head}
      </button>
    </form>
  );
}

function AddHook({ patch }: { patch: boolean }) {
  const id = useId();
  const hooks = usePage((state) => state.opened?.model.hooks);
  const all = useMemo(() => (hooks ?? []).filter((hook) => STEERED_HOOK.test(hook)), [hooks]);
  const [chosen, setChosen] = useState('');
  const [text, setText] = useState('');
  const hook = all.includes(chosen) ? chosen : all[0];
  const make = (): RecipeStep => {
    const target: RecipeTarget & { kind: 'hook' } = { kind: 'hook', hook: hook! };
    if (!patch) return ablateStep(target);
    return { kind: 'patch', target, text: patchText(text), align: 'start', scope: { kind: 'text' } };
  };
  return (
    <form
      className="recipe-form"
      onSubmit={submitting(() => {
        if (hook !== undefined && (!patch || text !== '')) appendSteps([make()]);
      })}
    >
      <div className="step-line">
        <label htmlFor={id} className="small">
          hook
        </label>
        <select id={id} value={hook} onChange={(event) => setChosen(event.target.value)}>
          {all.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {!patch && <button type="submit">Add</button>}
      </div>
      {patch && (
        <div className="step-line">
          <input
            type="text"
            className="grow"
            aria-label="The text activations are taken from"
            placeholder="the other text"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" disabled={text === ''}>
            Add
          </button>
        </div>
      )}
    </form>
  );
}

function AddSplice() {
  const id = useId();
  const found = useDictionaries();
  const { dictionary } = found;
  if (dictionary === undefined) return <NoDictionary />;
  return (
    <form
      className="step-line"
      onSubmit={submitting(
        () => void appendSteps([{ kind: 'splice', dictionary, error: false, scope: { kind: 'text' } }]),
      )}
    >
      <DictionaryChoice id={id} found={found} />
      <button type="submit">Add</button>
    </form>
  );
}
