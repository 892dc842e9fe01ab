import type { Answer } from '../../../state/attribution.ts';
import type { TrailStep } from '../../../state/view-state.ts';
import { headName, signed } from './derive.ts';

interface TrailProps {
  answer: Answer;
  /** Text of a row, readable. */
  textOf: (row: number) => string;
  onGo: (depth: number) => void;
}

/** The way from the feature inward. Every step says what it brings to the one before, and can be gone back to. */
export function Trail({ answer: { question, levels }, textOf, onGo }: TrailProps) {
  const { trail, feature, row } = question;
  const names = [`feature ${feature} on “${textOf(row)}”`, ...trail.map((step) => stepName(step, textOf))];
  return (
    <nav aria-label="Trail" className="trail">
      <button
        type="button"
        disabled={trail.length === 0}
        onClick={() => onGo(trail.length - 1)}
        title="Backspace"
      >
        ↑ Up
      </button>
      <ol>
        {names.map((name, depth) => (
          // A trail's steps are told apart by their place.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={depth}>
            <button
              type="button"
              className="quiet crumb"
              aria-current={depth === trail.length ? 'step' : undefined}
              onClick={() => onGo(depth)}
            >
              {name} <strong className="number">{levels[depth] ? signed(levels[depth].value) : '…'}</strong>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function stepName(step: TrailStep, textOf: (row: number) => string): string {
  return step.kind === 'head'
    ? `head ${headName(step)} ← “${textOf(step.source)}”`
    : `feature ${step.feature} of ${step.dictionary}`;
}
