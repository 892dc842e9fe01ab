import type { FacetError, FacetErrorRecord } from '../../shared/errors.ts';
import { explain } from './messages.ts';

/** What went wrong, and the way on. Commands to run stand on lines of their own. */
export function Trouble({ error }: { error: FacetError | FacetErrorRecord | undefined }) {
  const said = error && explain(error);
  return (
    <div role="alert">
      {said && (
        <div className="message message-danger trouble">
          <p>
            <strong>
              <Words text={said.particular} />
            </strong>{' '}
            <Words text={said.remedy} />
          </p>
        </div>
      )}
    </div>
  );
}

// A shell command inside a sentence, as the explanations of pickled files hold one.
const COMMAND = /(python3? -c "(?:[^"\\]|\\.)*"(?: "(?:[^"\\]|\\.)*")?)/;

export function Words({ text }: { text: string }) {
  return text.split(COMMAND).map((part) => (COMMAND.test(part) ? <code key={part}>{part}</code> : part));
}
