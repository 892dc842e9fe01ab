import { usePage } from '../../state/store.ts';
import { PromptBox } from '../shared/PromptBox.tsx';
import { Recipe } from './Recipe.tsx';
import { Next } from './Next.tsx';
import { Texts } from './Texts.tsx';
import { Sweep } from './Sweep.tsx';
import { LogitLens } from './LogitLens.tsx';
import { Suggestions } from './Suggestions.tsx';
import './steering.css';

/** The recipe on the left; on the right what it does to the next token, to texts, and over strengths. */
export default function SteeringView() {
  const model = usePage((state) => state.opened?.model);
  if (!model) return null;
  return (
    <div className="steering">
      <h1 className="visually-hidden">Steering</h1>
      <div className="steering-side">
        <PromptBox />
        <Recipe />
      </div>
      <div className="steering-main">
        <Texts />
        <Next />
        <Suggestions />
        <Sweep />
        <LogitLens />
      </div>
    </div>
  );
}
