import type { ReactNode } from 'react';
import { featurePage, type Found, useFeaturePage } from '../../state/feature-page.ts';
import { usePage } from '../../state/store.ts';
import { Trouble } from '../shared/Trouble.tsx';

interface FoundPartProps<Value> {
  found: Found<Value>;
  /** Said while there is nothing yet. */
  waiting: string;
  children: (value: Value) => ReactNode;
}

/** What was found, marked when more was read since; why there is nothing, and the way on. */
export function FoundPart<Value>({ found, waiting, children }: FoundPartProps<Value>) {
  const { value, of, running, failure } = found;
  const asked = useFeaturePage((state) => state.asked);
  const reading = usePage((state) => state.sampling !== undefined);
  const stale = value !== undefined && of !== asked;
  return (
    <>
      {failure && (
        <>
          <Trouble error={failure} />
          <button type="button" onClick={() => featurePage.again()}>
            Try again
          </button>
        </>
      )}
      {stale && (
        <p className="small note" role="status">
          {running ? 'More was read since; being brought up to date …' : 'More was read since. '}
          {!running && !failure && (
            <button type="button" className="link" onClick={() => featurePage.again()}>
              Bring up to date
            </button>
          )}
        </p>
      )}
      {value !== undefined
        ? children(value)
        : !failure && (
            <p className="quiet-text" role="status">
              {running
                ? waiting
                : reading
                  ? 'Follows once texts have been read …'
                  : 'Needs texts that have been read.'}
            </p>
          )}
    </>
  );
}
