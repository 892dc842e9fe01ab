import { FacetError } from '../shared/errors.ts';

/** What can go wrong between here and a hub: each says what happened and what to do. No token ever gets in here. */

export function formatSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 99.5 ? size.toFixed(0) : size.toFixed(1)} ${units[unit]}`;
}

export const cancelled = (cause?: unknown): FacetError =>
  new FacetError('cancelled', 'Cancelled.', { cause });

/** No answer at all. Browsers do not tell a page why. */
export function unreachable(what: string, host: string, cause: unknown): FacetError {
  const { onLine = true } = (globalThis.navigator ?? {}) as { onLine?: boolean };
  const offline = !onLine;
  return new FacetError(
    'network',
    offline
      ? `${what} could not be fetched: this device is offline.`
      : `${what} could not be fetched: no answer from ${host} that this page may read.`,
    {
      hint: offline
        ? 'Connect and try again; what is kept on this device opens without a network.'
        : 'Check the connection and the address. If both are right, an extension or a firewall stops it, or the server allows no other sites (CORS): try another endpoint, or download the files yourself and drop them here.',
      detail: String(cause),
      cause,
    },
  );
}

export function stalled(what: string, host: string, seconds: number): FacetError {
  return new FacetError('network', `${what} stalled: ${host} sent nothing for ${round(seconds)} s.`, {
    hint: 'Try again: it goes on where it stopped.',
  });
}

export function brokenOff(what: string, done: number, total: number, detail?: string): FacetError {
  return new FacetError('network', `${what} broke off at ${formatSize(done)} of ${formatSize(total)}.`, {
    hint: 'Check the connection and try again: it goes on where it stopped.',
    detail,
  });
}

export function damaged(what: string, why: string): FacetError {
  return new FacetError('bad-file', `${what} is not the file its repository lists: ${why}.`, {
    hint: 'Nothing of it was kept. Try again; if that does not help, look the repository up again, or try another endpoint.',
  });
}

/** Statuses that a second try may mend. */
export const isPassing = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

/**
 * @param what file, repository or revision that was asked for
 * @param hasToken whether a token was sent
 */
export function refused(response: Response, what: string, hasToken: boolean): FacetError {
  const { status } = response;
  const host = new URL(response.url).host;
  const detail = `HTTP ${status} from ${host}`;
  if (status === 401 || status === 403) {
    return new FacetError(
      'no-access',
      hasToken
        ? `${what} is refused by ${host} with this token (${status}).`
        : `${what} does not exist on ${host}, or is not open to everyone (${status}).`,
      {
        hint: hasToken
          ? 'Accept its licence on the hub with the account the token belongs to, and check that the token may read it; or download the files yourself and drop them here.'
          : 'Check the name. If it is gated or private, accept its licence on the hub and give an access token; or download the files yourself and drop them here.',
        detail,
      },
    );
  }
  if (status === 404 || status === 410) {
    return new FacetError('not-found', `${what} does not exist on ${host}.`, {
      hint: 'Check owner, name and revision. A private repository needs an access token to be found.',
      detail,
    });
  }
  if (status === 429) {
    const seconds = retryAfter(response);
    return new FacetError('network', `${host} gets too many requests from this network.`, {
      hint: seconds === undefined ? 'Wait some minutes and try again.' : `Try again in ${round(seconds)} s.`,
      detail,
    });
  }
  return new FacetError('network', `${host} answered ${status} for ${what}.`, {
    hint: status >= 500 ? 'The trouble is there. Try again in a moment.' : 'Try another endpoint.',
    detail,
  });
}

/** Seconds the server asks to wait, when it says so and lets the page read it. */
export function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = /^\d{1,6}$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

export function isQuotaError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'QuotaExceededError';
}

/**
 * @param needed bytes still to be written, @param free bytes, when known
 * @param kept what could be removed
 */
export function storageFull(
  needed: number | undefined,
  free: number | undefined,
  kept: readonly { title: string; bytes: number }[],
): FacetError {
  const room =
    free === undefined ? 'that is more than there is' : `there are ${formatSize(Math.max(0, free))}`;
  const largest = kept
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ title, bytes }) => `${title} (${formatSize(bytes)})`);
  return new FacetError(
    'storage-full',
    needed === undefined
      ? 'The browser’s storage for this site is full.'
      : `The browser’s storage for this site is too small: ${formatSize(needed)} are needed, ${room}.`,
    {
      hint:
        largest.length > 0
          ? `Remove something kept here, for example ${largest.join(', ')}; or free disk space.`
          : 'Free disk space, or leave the private window; browsers give each site a share of the disk.',
    },
  );
}

const round = (seconds: number): string => (seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0));
