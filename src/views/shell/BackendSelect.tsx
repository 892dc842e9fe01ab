import type { AdapterInfo, BackendChoice, CpuReason } from '../../engine/protocol.ts';
import { BACKENDS, useBackend } from '../../state/backend.ts';
import { usePage } from '../../state/store.ts';

const REASONS: Record<CpuReason, string> = {
  asked: 'as you chose',
  software: 'because WebGPU has no graphics card here, and would compute in software, more slowly',
  'no-webgpu': 'because this browser has no WebGPU',
  'no-adapter': 'because WebGPU found no graphics card here',
  'insecure-context': 'because browsers switch WebGPU off on addresses that are not secure',
  limits: 'because the graphics card is too small',
};

/** Which backend computes, and why, in a sentence. */
export function explainBackend({ backend, reason, software, ...adapter }: AdapterInfo): string {
  const name = [adapter.vendor, adapter.architecture, adapter.description].filter(Boolean).join(' ');
  if (backend === 'cpu') return `${name}, ${REASONS[reason ?? 'asked']}`;
  return `WebGPU: ${name}${software ? ', which computes in software, correctly but slowly' : ''}`;
}

function nameOf({ backend, software }: AdapterInfo): string {
  if (backend === 'cpu') return 'CPU';
  return software ? 'software adapter' : 'WebGPU';
}

/** Says what computes, and lets the visitor change it; the page then opens its model there. */
export function BackendSelect({ label, adapter }: { label: string; adapter: AdapterInfo }) {
  const backend = useBackend((state) => state.backend);
  const computeOn = usePage((state) => state.computeOn);
  const now = nameOf(adapter);
  const names: Record<BackendChoice, string> = {
    auto: backend === 'auto' ? `auto: ${now}` : 'choose for me',
    webgpu: backend === 'webgpu' && adapter.backend === 'webgpu' ? now : 'WebGPU',
    cpu: 'CPU',
  };
  return (
    <select
      aria-label={label}
      className={`badge ${adapter.software ? 'badge-warning' : ''}`}
      title={explainBackend(adapter)}
      value={backend}
      onChange={({ target: { value } }) => void computeOn(value as BackendChoice)}
    >
      {BACKENDS.map((choice) => (
        <option key={choice} value={choice}>
          {names[choice]}
        </option>
      ))}
    </select>
  );
}
