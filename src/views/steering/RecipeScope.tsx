import type { RecipeScope, RecipeStep } from '../../state/recipe.ts';
import { chosenScope } from '../../state/recipe-steps.ts';
import { rowRanges } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import { SCOPE_NAMES, scopeText } from './recipe-words.ts';

interface ScopeProps {
  step: RecipeStep;
  name: string;
  onChange: (step: RecipeStep) => void;
}

const KINDS = Object.keys(SCOPE_NAMES) as RecipeScope['kind'][];

/** Which tokens a step acts on: by kind, or those brushed in the strip of this view. */
export function RecipeScopePicker({ step, name, onChange }: ScopeProps) {
  const selection = usePage((state) => state.view.selection);
  const active = usePage((state) => state.view.active);
  const analysis = usePage((state) => state.analysis);
  const chat = usePage((state) => state.view.chat);
  const { scope } = step;
  const chosen = chosenScope(selection, active);
  const same = chosen && scopeText(chosen) === scopeText(scope);
  const unread =
    scope.kind === 'tokens' && !chat && analysis && rowRanges(analysis, scope.ranges).length === 0;
  return (
    <span className="step-scope">
      <span className="small">on</span>
      <select
        aria-label={`Tokens of ${name}`}
        value={scope.kind}
        onChange={({ target: { value } }) => {
          const kind = value as RecipeScope['kind'];
          const next = kind === 'tokens' ? chosen : { kind };
          if (next) onChange({ ...step, scope: next });
        }}
      >
        {KINDS.map((kind) => (
          <option key={kind} value={kind} disabled={kind === 'tokens' && !chosen && scope.kind !== 'tokens'}>
            {SCOPE_NAMES[kind]}
            {kind === 'tokens' && !chosen && scope.kind !== 'tokens' ? ' (choose some below first)' : ''}
          </option>
        ))}
      </select>
      {scope.kind === 'tokens' && <span className="small">{scopeText(scope)}</span>}
      {chosen && !same && (selection.length > 0 || scope.kind === 'tokens') && (
        <button
          type="button"
          className="link small"
          aria-label={`Use the selected ${scopeText(chosen)} in ${name}`}
          onClick={() => onChange({ ...step, scope: chosen })}
        >
          use the selected {scopeText(chosen)}
        </button>
      )}
      {unread && <span className="small note">None of them is among the tokens read now.</span>}
    </span>
  );
}
