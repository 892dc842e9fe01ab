import type { FacetError, FacetErrorCode, FacetErrorRecord } from '../../shared/errors.ts';

export interface Explanation {
  /** What happened, in one sentence. */
  sentence: string;
  /** What the visitor can do about it. */
  remedy: string;
}

/** One sentence and one remedy for everything that can go wrong. The error's own message adds the particulars. */
export const messages: Record<FacetErrorCode, Explanation> = {
  'insecure-context': {
    sentence:
      'This page was opened over an insecure address, where browsers switch WebGPU off, and the browser cannot run the model on the processor either.',
    remedy: 'Open it over https://, or from http://localhost on the same computer.',
  },
  'no-webgpu': {
    sentence:
      'This browser has neither WebGPU, which runs the model on your graphics card, nor WebAssembly SIMD, which runs it on the processor.',
    remedy: 'Use Chrome or Edge 91, Firefox 89, Safari 16.4, or later.',
  },
  'no-adapter': {
    sentence:
      'The browser found no graphics adapter it is willing to use, and cannot run the model on the processor either.',
    remedy:
      'Update the graphics driver and leave remote desktop. In Chrome, chrome://gpu says why; on Linux start it with --enable-unsafe-webgpu --enable-features=Vulkan.',
  },
  limits: {
    sentence: 'What computes here is too small for the chosen model.',
    remedy: 'Choose a smaller model or dictionary, or open the page on a computer with more memory.',
  },
  'device-lost': {
    sentence: 'The graphics device was lost; drivers reset it after a crash, a long pause or too much load.',
    remedy: 'Start again: your prompt and your view are kept.',
  },
  'out-of-memory': {
    sentence: 'The memory for models is full.',
    remedy: 'Close other tabs that use the graphics card, shorten the text, or choose a smaller dictionary.',
  },
  'not-found': {
    sentence: 'Something this view needs is not to be found.',
    remedy: 'Check the name, or open the usual view.',
  },
  network: {
    sentence: 'A file could not be fetched.',
    remedy: 'Check the connection and start again; what has arrived already is kept by the browser.',
  },
  'no-access': {
    sentence: 'The hub does not give this out to everyone.',
    remedy: 'Accept its licence on the hub and give an access token, or drop its files into the page.',
  },
  'storage-full': {
    sentence: 'There is no room left on this device for these files.',
    remedy: 'Remove models or dictionaries that are kept here, or free disk space.',
  },
  'bad-file': {
    sentence: 'A model file is damaged or not what it says it is.',
    remedy: 'Start again to fetch it anew; if that does not help, the copy on the site itself is damaged.',
  },
  unsupported: {
    sentence: 'Facet cannot read this kind of model or dictionary yet.',
    remedy: 'Choose one of the supported kinds.',
  },
  mismatch: {
    sentence: 'The dictionary does not belong to this model.',
    remedy: 'Choose a dictionary that was trained on this model and hook point.',
  },
  'bad-input': {
    sentence: 'The text or a setting could not be used.',
    remedy: 'Change it and try again.',
  },
  'bad-link': {
    sentence: 'This link is incomplete or was changed on its way.',
    remedy: 'Ask for the link again and copy all of it, or open the usual view.',
  },
  cancelled: { sentence: 'Stopped as you asked.', remedy: 'Start again when you like.' },
  bug: {
    sentence: 'Facet made a mistake of its own.',
    remedy: 'Reload the page. If it happens again, copy the diagnostics into a report.',
  },
};

/** The general sentence, the particular message and the best remedy known for an error. */
export function explain(error: FacetError | FacetErrorRecord): Explanation & { particular: string } {
  const { sentence, remedy } = messages[error.code];
  return { sentence, particular: error.message, remedy: error.hint ?? remedy };
}
