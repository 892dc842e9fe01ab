import type { KeyboardEvent } from 'react';

/** Takes the step of the key, unless it is pressed as part of a browser's own shortcut, and keeps the page from scrolling. */
export function stepByKey(event: KeyboardEvent, steps: Readonly<Record<string, () => void>>): void {
  const step = steps[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  step();
}
