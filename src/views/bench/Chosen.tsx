import type { BenchWorkload } from '../../engine/protocol.ts';
import { deviceName } from '../../exchange/speed-results.ts';
import { chosenIds, useSpeed } from '../../state/speed.ts';
import { usePage } from '../../state/store.ts';
import { formatBytes } from '../shared/format.ts';
import { Info } from '../shared/Info.tsx';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { AFTER_STOP } from '../shared/Working.tsx';
import { GROUPS, progressText } from './words.ts';

/** What is timed, and the button that does. */
export function Chosen() {
  const workloads = useSpeed((state) => state.workloads);
  const running = useSpeed((state) => state.progress !== undefined);
  const problem = useSpeed((state) => state.problem);
  const timed = usePage((state) => state.view.timed);
  const change = usePage((state) => state.change);
  const ids = chosenIds(timed, workloads ?? []);
  const choose = (id: string, on: boolean): void =>
    change({ timed: on ? [...ids, id] : ids.filter((other) => other !== id) });
  return (
    <Panel
      title="What is timed"
      about={
        <>
          <p>
            Inputs and weights are made from fixed seeds, the same on every device; only “the open model” is
            the one open in this page. Every answer is checked before its time counts: a wrong one is shown as
            an error, without a time.
          </p>
          <p>
            “Time on WebGPU and CPU” runs them here, opens the model on the other backend, runs them there,
            and goes back.
          </p>
          <p>
            Workloads are timed in turn, 7 rounds after a warm-up, so that a slow moment falls on all of them.
            Short ones run several times in one submission. The page stays usable meanwhile, but what it
            computes takes its turn between two runs.
          </p>
        </>
      }
      table={() => ({
        columns: ['id', 'what', 'chosen', 'definition'],
        rows: (workloads ?? []).map(({ id, title, about }) => [id, title, ids.includes(id) ? 1 : 0, about]),
      })}
      images={false}
    >
      <Device />
      <div className="speed-groups">
        {GROUPS.map(({ title, kinds }) => (
          <fieldset key={title} className="speed-group">
            <legend>{title}</legend>
            {workloads
              ?.filter(({ shape }) => kinds.includes(shape.kind))
              .map((workload) => (
                <Choice
                  key={workload.id}
                  workload={workload}
                  chosen={ids.includes(workload.id)}
                  disabled={running}
                  onChoose={choose}
                />
              ))}
          </fieldset>
        ))}
      </div>
      <Trouble error={problem} />
      {running ? <Running /> : workloads && <Start none={ids.length === 0} />}
    </Panel>
  );
}

function Device() {
  const opened = usePage((state) => state.opened);
  if (!opened) return null;
  const { adapter } = opened;
  const { backend } = adapter;
  return (
    <p className="small">
      Runs on <strong data-figure="device">{deviceName({ backend, adapter })}</strong>
      {adapter.software && backend === 'webgpu' && ' (in software: correct, but slow)'}. The open model is{' '}
      {opened.model.title}.
    </p>
  );
}

interface ChoiceProps {
  workload: BenchWorkload;
  chosen: boolean;
  disabled: boolean;
  onChoose: (id: string, on: boolean) => void;
}

function Choice({ workload, chosen, disabled, onChoose }: ChoiceProps) {
  const { id, title, about, heavyBytes } = workload;
  return (
    <div className="speed-choice">
      <label className="tick-box">
        <input
          type="checkbox"
          checked={chosen}
          disabled={disabled}
          onChange={(event) => onChoose(id, event.target.checked)}
        />
        <span>
          {title}
          {heavyBytes !== undefined && <span className="small"> needs {formatBytes(heavyBytes)}</span>}
        </span>
      </label>
      <Info label={`Definition of ${title}`}>{about}</Info>
    </div>
  );
}

function Start({ none }: { none: boolean }) {
  const run = useSpeed((state) => state.run);
  const runOnBoth = useSpeed((state) => state.runOnBoth);
  const again = useSpeed((state) => state.own.length > 0);
  const timed = usePage((state) => state.view.timed);
  const change = usePage((state) => state.change);
  return (
    <p className="row">
      <button type="button" className="primary" disabled={none} {...AFTER_STOP} onClick={() => void run()}>
        {again ? 'Time again' : 'Time these'}
      </button>
      {'gpu' in navigator && (
        <button type="button" disabled={none} onClick={() => void runOnBoth()}>
          Time on WebGPU and CPU
        </button>
      )}
      {timed !== null && (
        <button type="button" className="quiet" onClick={() => change({ timed: null })}>
          The usual choice
        </button>
      )}
      <button type="button" className="quiet" disabled={none} onClick={() => change({ timed: [] })}>
        None
      </button>
      {none && <span className="small">Choose something to time.</span>}
    </p>
  );
}

function Running() {
  const progress = useSpeed((state) => state.progress!);
  const stop = useSpeed((state) => state.stop);
  const { done, total } = progress;
  return (
    <div className="row working" role="status">
      <progress aria-label="Timing" {...(total > 0 ? { value: done, max: total } : {})} />
      <span className="small">{progressText(progress)}</span>
      <button
        type="button"
        onClick={(event) => {
          const panel = event.currentTarget.closest('.panel');
          stop();
          // Drawn by then: a click is handled at once.
          requestAnimationFrame(() => panel?.querySelector<HTMLElement>('[data-after-stop]')?.focus());
        }}
      >
        Stop
      </button>
    </div>
  );
}
