import { FacetError } from '../shared/errors.ts';
import { ownAddress } from './backend.ts';
import { decodeLink, describeLongText, encodeLink, type LongText } from './link.ts';
import { defaultView, type ViewState } from './view-state.ts';

/** Browsers refuse more than some hundred address changes a minute; typing writes once it pauses. */
const PAUSE_MS = 250;
const LONG_TEXT_KEY = 'facet-long-text';

/** The address bar as the page's only memory of its view; prompts too long for it stay in this tab's session. */
export class Address {
  /** The fragment this page wrote last: a change to anything else is a visitor's. */
  #written = '';
  #pending: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** Counts what a visitor opened: a view of before is not written over it. */
  #epoch = 0;

  constructor(private readonly current: () => ViewState) {}

  /** `push` makes a history entry, for steps a visitor would go back to. `replace` waits for a pause. */
  write(step: 'push' | 'replace'): void {
    clearTimeout(this.#pending);
    if (step === 'replace') this.#pending = setTimeout(() => void this.#write('replace'), PAUSE_MS);
    else void this.#write('push');
  }

  /** Writes what waits for a pause, before a step that makes a new entry changes the view. */
  flush(): void {
    if (this.#pending === undefined) return;
    clearTimeout(this.#pending);
    void this.#write('replace');
  }

  /** The link to the view as it is now, with what was still to be written. */
  async link(): Promise<string> {
    clearTimeout(this.#pending);
    await this.#write('replace');
    return ownAddress();
  }

  // One after the other: packing is asynchronous, and an older view must not overwrite a newer one.
  #write(step: 'push' | 'replace'): Promise<void> {
    this.#pending = undefined;
    const view = this.current();
    const epoch = this.#epoch;
    this.#turn = this.#turn.then(async () => {
      const fragment = await encodeLink(view);
      if (epoch !== this.#epoch || fragment === this.#written || fragment === location.hash) return;
      if (fragment.includes('&long=')) keepLongText(view.text);
      try {
        history[step === 'push' ? 'pushState' : 'replaceState'](null, '', fragment);
        this.#written = fragment;
      } catch {
        // Browsers refuse too many changes in a row; the next one writes the newest view.
      }
    });
    return this.#turn;
  }

  /** Whether the address bar shows what this page put there. */
  get isOwn(): boolean {
    return location.hash === this.#written;
  }

  /** @throws FacetError `bad-link` */
  async read(): Promise<{ view: ViewState; notes: string[] }> {
    clearTimeout(this.#pending);
    this.#pending = undefined;
    this.#epoch++;
    this.#written = location.hash;
    const link = await decodeLink(location.hash);
    if (!link) return { view: defaultView, notes: [] };
    if (!link.longText) return link;
    const text = keptLongText(link.longText);
    if (text !== undefined) return { view: { ...link.view, text }, notes: link.notes };
    const note = `The prompt (${link.longText.length.toLocaleString('en')} characters) was too long for a link; only the tab it was typed in has it.`;
    return { view: link.view, notes: [...link.notes, note] };
  }
}

const keyOf = ({ checksum, length }: LongText): string => `${LONG_TEXT_KEY}-${checksum}-${length}`;

function keepLongText(text: string): void {
  const key = keyOf(describeLongText(text));
  const keep = (): void => sessionStorage.setItem(key, text);
  try {
    keep();
  } catch {
    try {
      // Full: the texts of earlier entries give way to the newest.
      Object.keys(sessionStorage)
        .filter((other) => other.startsWith(LONG_TEXT_KEY))
        .forEach((other) => sessionStorage.removeItem(other));
      keep();
    } catch {
      // No room at all, or storage switched off: the text then lives as long as the page.
    }
  }
}

function keptLongText(described: LongText): string | undefined {
  try {
    return sessionStorage.getItem(keyOf(described)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function badLink(thrown: unknown): FacetError {
  const error = FacetError.from(thrown);
  return error.code === 'bad-link' ? error : new FacetError('bad-link', error.message, { cause: error });
}
