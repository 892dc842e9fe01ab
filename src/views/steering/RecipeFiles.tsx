import { useId, useRef, useState } from 'react';
import { FacetError } from '../../shared/errors.ts';
import { setSteps } from '../../state/recipe-edits.ts';
import { usePage } from '../../state/store.ts';
import { fileName, save } from '../shared/download.ts';
import { explain } from '../shared/messages.ts';
import {
  dropRecipe,
  keepRecipe,
  type KeptRecipe,
  keptRecipes,
  MAX_NAME,
  otherModel,
  readRecipe,
  type Recipe,
  shelf,
  writeRecipe,
} from '../../state/recipe-file.ts';
import { stepText } from './recipe-words.ts';

/** Bytes of a file that is looked into at all. */
const MAX_BYTES = 2_000_000;

/** Keeping, loading and sharing the recipe. */
export function RecipeFiles() {
  const id = useId();
  const steer = usePage((state) => state.view.steer);
  const model = usePage((state) => state.opened?.model);
  const link = usePage((state) => state.link);
  const [kept, setKept] = useState<KeptRecipe[]>(() => keptRecipes(shelf()));
  const [name, setName] = useState('');
  const [said, setSaid] = useState('');
  const [failed, setFailed] = useState('');
  const file = useRef<HTMLInputElement>(null);
  const empty = steer.length === 0;

  const attempt = (work: () => string): void => {
    try {
      setSaid(work());
      setFailed('');
    } catch (thrown) {
      const { particular, remedy } = explain(FacetError.from(thrown));
      setFailed(`${particular} ${remedy}`);
      setSaid('');
    }
  };
  const recipe = (): Recipe => ({ model: model!.id, modelDigest: model!.digest, steer });
  const title = name.trim();
  const keep = (): void =>
    attempt(() => {
      setKept(keepRecipe(shelf(), title, recipe()));
      setName('');
      return `Saved as “${title}”.`;
    });
  const load = (found: Recipe, from: string): void =>
    attempt(() => {
      setSteps(found.steer);
      return [`Loaded ${from}.`, otherModel(found, model)].filter(Boolean).join(' ');
    });
  const take = async (chosen: File | undefined): Promise<void> => {
    if (!chosen) return;
    const text = chosen.size > MAX_BYTES ? undefined : await chosen.text();
    attempt(() => {
      if (text === undefined)
        throw new FacetError('bad-input', `The file ${chosen.name} is too large for a recipe.`);
      const found = readRecipe(text);
      setSteps(found.steer);
      return [`Imported ${chosen.name}.`, otherModel(found, model)].filter(Boolean).join(' ');
    });
  };
  const share = async (): Promise<void> => {
    const address = await link();
    try {
      await navigator.clipboard.writeText(address);
      attempt(() => 'Link copied: it holds the text and the recipe.');
    } catch {
      attempt(() => 'The link is in the address bar.');
    }
  };

  return (
    <details className="recipe-files">
      <summary>Save, load and share</summary>
      <form
        className="step-line"
        onSubmit={(event) => {
          event.preventDefault();
          if (title !== '' && !empty) keep();
        }}
      >
        <label htmlFor={id} className="visually-hidden">
          Name of the recipe
        </label>
        <input
          id={id}
          type="text"
          className="grow"
          maxLength={MAX_NAME}
          placeholder="name"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" disabled={title === '' || empty}>
          Save
        </button>
      </form>
      {kept.length > 0 && (
        <ul className="kept" aria-label="Saved recipes">
          {kept.toReversed().map((one) => (
            <li key={one.name} className="step-line">
              <button
                type="button"
                className="link grow"
                title={one.steer.map(stepText).join('\n')}
                onClick={() => load(one, `“${one.name}”`)}
              >
                {one.name}
              </button>
              <span className="small">
                {one.steer.length} {one.steer.length === 1 ? 'step' : 'steps'}
              </span>
              <button
                type="button"
                className="quiet"
                aria-label={`Delete ${one.name}`}
                onClick={() =>
                  attempt(() => {
                    setKept(dropRecipe(shelf(), one.name));
                    document.getElementById(id)?.focus();
                    return `“${one.name}” is deleted.`;
                  })
                }
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="step-line">
        <button
          type="button"
          disabled={empty}
          onClick={() =>
            save(
              fileName(`recipe ${title}`, 'json'),
              new Blob([writeRecipe(recipe())], { type: 'application/json' }),
            )
          }
        >
          Export file
        </button>
        <button type="button" onClick={() => file.current?.click()}>
          Import file
        </button>
        <input
          ref={file}
          type="file"
          hidden
          accept=".json,application/json"
          aria-label="Recipe file"
          onChange={(event) => {
            const [chosen] = event.target.files ?? [];
            // The same file may be chosen again.
            void take(chosen);
            event.target.value = '';
          }}
        />
        <button type="button" disabled={empty} onClick={() => void share()}>
          Copy link to it
        </button>
        <button type="button" disabled={empty} onClick={() => setSteps([])}>
          Remove all steps
        </button>
      </div>
      <p role="status" className="small">
        {said}
      </p>
      {failed !== '' && <p role="alert">{failed}</p>}
    </details>
  );
}
