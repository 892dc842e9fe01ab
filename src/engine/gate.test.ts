import { expect, test } from 'vitest';
import { Gate } from './gate.ts';

test('work runs one at a time, in order, also after a failure', async () => {
  const gate = new Gate();
  const events: string[] = [];
  const { signal } = new AbortController();
  const job = (name: string, fail = false) =>
    gate.run(signal, async () => {
      events.push(`${name} starts`);
      await Promise.resolve();
      events.push(`${name} ends`);
      if (fail) throw new Error(name);
      return name;
    });
  const first = job('a');
  const second = job('b', true);
  const third = job('c');
  await expect(first).resolves.toBe('a');
  await expect(second).rejects.toThrow('b');
  await expect(third).resolves.toBe('c');
  expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
});

test('work cancelled while it waits never starts', async () => {
  const gate = new Gate();
  const controller = new AbortController();
  let release = (): void => {};
  const blocking = gate.run(
    new AbortController().signal,
    () => new Promise<void>((resolve) => (release = resolve)),
  );
  let started = false;
  const waiting = gate.run(controller.signal, async () => {
    started = true;
  });
  controller.abort();
  await Promise.resolve();
  release();
  await blocking;
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  expect(started).toBe(false);
});
