import { type LibraryClient, startLibrary } from '../library/client.ts';

let library: LibraryClient | undefined;

/** The page's one library worker, started when it is first asked for: a visitor of the bundled models never needs it. */
export function theLibrary(): LibraryClient {
  library ??= startLibrary();
  return library;
}
