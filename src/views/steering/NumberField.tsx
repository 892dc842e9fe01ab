import { type ReactNode, useId, useState } from 'react';
import { Info } from '../shared/Info.tsx';

interface NumberFieldProps {
  title: string;
  /** Its definition, if it needs one. */
  about?: ReactNode;
  value: number;
  least: number;
  most: number;
  /** Whole numbers only. */
  whole?: boolean;
  step?: number | 'any';
  /** Called with numbers in bounds only. */
  onChange: (value: number) => void;
}

/** A number with its name. What is typed is kept while it is on its way to a number in bounds. */
export function NumberField(props: NumberFieldProps) {
  const { title, about, value, least, most, whole = false, step = whole ? 1 : 'any', onChange } = props;
  const id = useId();
  const [draft, setDraft] = useState<string>();
  const wrong = draft !== undefined && !inBounds(draft, props);
  return (
    <span className="number-field">
      <span className="number-field-name">
        <label htmlFor={id} className="small">
          {title}
        </label>
        {about && <Info label={`What ${title} means`}>{about}</Info>}
      </span>
      <input
        id={id}
        type="number"
        min={least}
        max={most}
        step={step}
        value={draft ?? value}
        aria-invalid={wrong}
        title={wrong ? `${least} to ${most}${whole ? ', a whole number' : ''}` : undefined}
        onChange={(event) => {
          const text = event.target.value;
          setDraft(text);
          if (inBounds(text, props)) onChange(Number(text));
        }}
        onBlur={() => setDraft(undefined)}
      />
    </span>
  );
}

function inBounds(text: string, { least, most, whole = false }: NumberFieldProps): boolean {
  const number = Number(text);
  return text.trim() !== '' && number >= least && number <= most && (!whole || Number.isInteger(number));
}
