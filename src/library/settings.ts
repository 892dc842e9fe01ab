import * as v from 'valibot';
import type { Store } from './store.ts';

const FOLDER = 'settings';
const FILE = 'hub.json';

const schema = v.object({
  endpoint: v.pipe(v.string(), v.maxLength(500)),
  token: v.optional(v.pipe(v.string(), v.maxLength(500))),
});
export type Settings = v.InferOutput<typeof schema>;

/** What was remembered; nothing when there is none or it is damaged. */
export async function readSettings(store: Store): Promise<Settings | undefined> {
  try {
    const blob = await store.read(FOLDER, FILE);
    if (!blob || blob.size > 10_000) return undefined;
    const parsed = v.safeParse(schema, JSON.parse(await blob.text()));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

export function writeSettings(store: Store, settings: Settings | undefined): Promise<void> {
  return settings ? store.write(FOLDER, FILE, JSON.stringify(settings)) : store.remove(FOLDER);
}
