import type { FileSet, GivenFile, Ticket } from '../engine/protocol.ts';

export type { FileSet, GivenFile, Ticket };

/**
 * What the page may ask of the library, the worker that fetches models and dictionaries from a hub and keeps them on
 * this device. It is the only part of Facet that talks to another origin, and it never sees a text. Types only.
 * Rejections are `FacetError`s. A call with a ticket can be cancelled; what a cancelled download has is kept.
 */
export interface LibraryApi {
  /** Which hub to ask, and who asks. Returns what is in force afterwards. @throws FacetError `bad-input` */
  configure(settings: HubSettings): Promise<HubState>;
  /** Forgets the token, here and where it was remembered. */
  forgetToken(): Promise<HubState>;

  /** What a repository holds, without downloading any of it. @throws FacetError `bad-input`, `not-found`, `network` */
  look(request: LookRequest, ticket: Ticket): Promise<Listing>;
  /**
   * Files of a repository, downloading those that are not kept yet; resumes what was broken off.
   * @throws FacetError `network`, `not-found`, `bad-file`, `cancelled`
   */
  fetch(
    request: FetchRequest,
    ticket: Ticket,
    onProgress: (progress: LibraryProgress) => void,
  ): Promise<FileSet>;

  /** Every set on this device, newest use first. Damaged ones are listed as such, so that they can be removed. */
  stored(): Promise<StoredSet[]>;
  /** A set that is on this device; needs no network. @throws FacetError `not-found`, `bad-file` */
  open(id: string): Promise<FileSet>;
  /** Deletes a set and whatever was downloaded of it. Unknown ids are no error. */
  remove(id: string): Promise<void>;
  /** Reads every file of a set again and compares digests; files that fail are deleted, never to be used. */
  verify(id: string, ticket: Ticket, onProgress: (progress: LibraryProgress) => void): Promise<Verification>;
  usage(): Promise<StorageUsage>;

  /**
   * A set made of files the visitor chose. Junk such as `.DS_Store` and `.git/` is left out.
   * @throws FacetError `bad-input`, `bad-file` when a file cannot be read, `cancelled`
   */
  importFiles(
    request: ImportRequest,
    ticket: Ticket,
    onProgress: (progress: LibraryProgress) => void,
  ): Promise<FileSet>;

  /** Stops the call that was given this ticket; it rejects with code `cancelled`. */
  cancel(ticket: Ticket): Promise<void>;
}

export interface HubSettings {
  /**
   * Address of the hub; `https:`, or `http:` on this computer. Left out: unchanged. Another address than before drops
   * the token, unless one is given with it.
   */
  endpoint?: string;
  /** Access token, sent to the endpoint's own origin only, and kept in memory only. Left out: unchanged. */
  token?: string;
  /** Whether to keep endpoint and token on this device for the next visit. Left out: as before, at first not. */
  remember?: boolean;
}

export interface HubState {
  endpoint: string;
  hasToken: boolean;
  /** Whether endpoint and token will be there at the next visit. */
  remembered: boolean;
}

export interface LookRequest {
  /** `owner/name`; one of the hub's old names without owner, such as `gpt2`, is answered with its full name. */
  repo: string;
  /** Branch, tag or commit. Default `main`. */
  revision?: string;
}

export interface ListedFile {
  path: string;
  bytes: number;
  /** SHA-256, for files in large file storage. */
  sha256?: string;
  /** Git's object id (a SHA-1 over size and content), for all others. */
  oid?: string;
}

export interface Listing {
  repo: string;
  /** The commit: 40 hexadecimal digits. */
  revision: string;
  files: ListedFile[];
  license?: string;
  /** Its files need an accepted licence and a token. */
  gated: boolean;
  tags: string[];
}

export interface FetchRequest {
  repo: string;
  /** Best the commit of a `Listing`; a branch or tag is looked up first. */
  revision: string;
  /** Relative to the repository. */
  paths: readonly string[];
  /** The part of the repository to hand out, e.g. one of many dictionaries; the set's paths are relative to it. */
  folder?: string;
}

export interface LibraryProgress {
  phase: 'wait' | 'look' | 'check' | 'download' | 'hash' | 'copy';
  /** File or repository being worked on. `wait`: another tab works on the same set. */
  what: string;
  /** Bytes over all files of the call; `total` is 0 while unknown. */
  done: number;
  total: number;
  /** Why it takes longer, when a connection had to be made anew. */
  note?: string;
}

export interface StoredSet {
  /** As in links; `damaged:` and a key when the set cannot say its own id. */
  id: string;
  title: string;
  license?: string;
  /** Where it was fetched from; absent for local files. */
  endpoint?: string;
  /** Complete files. */
  files: { path: string; bytes: number }[];
  /** On this device, downloads that were broken off included. */
  bytes: number;
  /** Bytes of downloads that were broken off; fetching the same files resumes them. */
  partialBytes: number;
  /** Milliseconds since 1970; 0 when unknown. */
  lastUsed: number;
  /** False where the browser keeps nothing (private windows): gone when the page is closed. */
  durable: boolean;
  /** What is wrong with it. */
  problem?: string;
}

export interface Verification {
  /** Paths whose content is what was once downloaded or imported. */
  sound: string[];
  /** Paths that were not, and have been deleted. */
  damaged: string[];
}

export interface StorageUsage {
  /** Bytes of this site, and what the browser would let it have; 0 where it does not say. */
  usage: number;
  quota: number;
  persisted: boolean;
  /** False where files are only held in memory. */
  durable: boolean;
}

export interface ImportRequest {
  files: readonly { path: string; file: Blob }[];
  /** Copy them to this device's storage, so that a link to them opens without choosing them again. */
  keep: boolean;
  /** Default: the first file's folder or name. */
  title?: string;
}
