import { FacetError } from '../shared/errors.ts';
import { decodeLink, describeLongText, encodeLink } from './link.ts';
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

  constructor(private readonly current: () => ViewState) {}

  /** `push` makes a history entry, for steps a visitor would go back to. `replace` waits for a pause. */
  write(step: 'push' | 'replace'): void {
    clearTimeout(this.#pending);
    if (step === 'replace') this.#pending = setTimeout(() => void this.#write('replace'), PAUSE_MS);
    else void this.#write('push');
  }

  /** The link to the view as it is now, with what was still to be written. */
  async link(): Promise<string> {
    clearTimeout(this.#pending);
    await this.#write('replace');
    return location.href;
  }

  // One after the other: packing is asynchronous, and an older view must not overwrite a newer one.
  #write(step: 'push' | 'replace'): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      const view = this.current();
      const fragment = await encodeLink(view);
      if (fragment === this.#written || fragment === location.hash) return;
      this.#written = fragment;
      if (fragment.includes('&long=')) keepLongText(view.text);
      history[step === 'push' ? 'pushState' : 'replaceState'](null, '', fragment);
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
    this.#written = location.hash;
    const link = await decodeLink(location.hash);
    if (!link) return { view: defaultView, notes: [] };
    if (!link.longText) return link;
    const text = keptLongText();
    const { checksum, length } = describeLongText(text);
    if (checksum === link.longText.checksum && length === link.longText.length)
      return { view: { ...link.view, text }, notes: link.notes };
    const note = `The prompt (${link.longText.length.toLocaleString('en')} characters) was too long for a link; only the tab it was typed in has it.`;
    return { view: link.view, notes: [...link.notes, note] };
  }
}

function keepLongText(text: string): void {
  try {
    sessionStorage.setItem(LONG_TEXT_KEY, text);
  } catch {
    // No room, or storage switched off: the text then lives as long as the page.
  }
}

function keptLongText(): string {
  try {
    return sessionStorage.getItem(LONG_TEXT_KEY) ?? '';
  } catch {
    return '';
  }
}

export function badLink(thrown: unknown): FacetError {
  const error = FacetError.from(thrown);
  return error.code === 'bad-link' ? error : new FacetError('bad-link', error.message, { cause: error });
}
