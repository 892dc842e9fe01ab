import { useId } from 'react';
import type { MemoryEstimate } from '../../engine/protocol.ts';
import { weightsChoices } from '../../state/obtain.ts';
import type { Look } from '../../state/library.ts';
import { parseReference, partOf } from '../../state/reference.ts';
import { usePage } from '../../state/store.ts';
import type { ViewState } from '../../state/view-state.ts';
import { formatBytes } from '../shared/format.ts';
import { Words } from '../shared/Trouble.tsx';
import { Facts, Section } from './Section.tsx';

const STORAGE: readonly (readonly [key: 'file' | 'f16' | 'f32', name: string, about: string])[] = [
  ['file', 'as the file has them', 'exact for what the file holds'],
  ['f16', 'rounded to packed f16', 'half the memory of f32; numbers differ slightly'],
  ['f32', 'as f32', 'exact for f32 files, and the largest'],
];

interface WeightsProps {
  look: Look;
  /** The same set with all of its weights files. */
  whole: Look;
  storage: ViewState['storage'];
  onStorage: (storage: ViewState['storage']) => void;
}

/** Which weights file, how it is kept on the GPU, and whether it fits. */
export function Weights({ look, whole, storage, onStorage }: WeightsProps) {
  const id = useId();
  const goTo = usePage((state) => state.goTo);
  const { choices, missing } = weightsChoices(whole);
  const parsed = parseReference(look.set.id);
  const path = parsed && parsed.kind !== 'catalogue' ? parsed.path : '';
  const { model } = look.inspection;
  if (choices.length === 0 && missing.length === 0) return null;
  return (
    <Section
      title="Weights"
      about={
        <p>
          Browsers do not say how much graphics memory there is. The estimate counts weights and the working
          space of one reading of the longest text; it is held against what this adapter allows for one
          buffer.
        </p>
      }
    >
      {choices.length === 0 && (
        <div className="note">
          <p>This is no model that can be opened. Missing:</p>
          <ul className="missing">
            {missing.map((what) => (
              <li key={what}>
                <Words text={what} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {choices.length > 1 && (
        <p className="row">
          <label htmlFor={`${id}-file`}>Weights file</label>
          <select
            id={`${id}-file`}
            value={path}
            onChange={(event) => goTo('models', { look: partOf(whole.set.id, event.target.value) })}
          >
            {choices.map(({ title, files, bytes, kind }, index) => {
              const value = index === 0 ? '' : kind === 'gguf' ? files.at(-1)! : '';
              return (
                <option key={files.at(-1)} value={value}>
                  {title} ({formatBytes(bytes)})
                </option>
              );
            })}
          </select>
        </p>
      )}
      {model?.memory && (
        <>
          <p className="row">
            <label htmlFor={`${id}-storage`}>Kept on the GPU</label>
            <select
              id={`${id}-storage`}
              value={storage ?? 'file'}
              onChange={(event) => {
                const { value } = event.target;
                onStorage(value === 'f16' || value === 'f32' ? value : undefined);
              }}
            >
              {STORAGE.map(([key, name, about]) => (
                <option key={key} value={key}>
                  {name}: {formatBytes(model.memory!.weights[key])} ({about})
                </option>
              ))}
            </select>
          </p>
          <Memory memory={model.memory} bytes={model.memory.weights[storage ?? 'file']} />
        </>
      )}
    </Section>
  );
}

function Memory({ memory, bytes }: { memory: MemoryEstimate; bytes: number }) {
  const { passes, largestTensor, largestBinding, problem } = memory;
  return (
    <>
      <Facts
        facts={[
          { name: 'On the GPU', value: `about ${formatBytes(bytes + passes)}` },
          { name: 'Weights', value: formatBytes(bytes) },
          { name: 'Working space', value: formatBytes(passes) },
          { name: 'Largest tensor', value: formatBytes(largestTensor) },
          {
            name: 'This adapter binds at most',
            value: largestBinding > 0 ? formatBytes(largestBinding) : undefined,
          },
        ]}
      />
      <p className={problem ? 'note' : 'small'} role="status">
        {problem
          ? `It does not fit: ${problem}`
          : largestBinding > 0 && largestTensor > largestBinding
            ? 'The largest tensors will be split, since this adapter binds less at once.'
            : 'Every tensor fits into one binding.'}
      </p>
    </>
  );
}
