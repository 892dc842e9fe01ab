import type {
  Analysis,
  BackendChoice,
  Diagnostics,
  FeatureCard,
  FeatureLabel,
  OpenedModel,
  Progress,
  ScanExamples,
  ScanStatistics,
  TokenizedWindow,
} from '../engine/protocol.ts';
import type { FacetError } from '../shared/errors.ts';
import type { Salvage } from './link-salvage.ts';
import type { Wanted } from './sets.ts';
import type { ViewState } from './view-state.ts';

export interface PageState {
  /** `idle`: no model was asked for; `consent`: what the view wants must be downloaded or chosen first. */
  phase: 'idle' | 'loading' | 'ready' | 'failed' | 'consent' | 'bad-link';
  progress?: Progress;
  /** Why the page cannot go on by itself, in the phases `failed` and `bad-link`. */
  failure?: FacetError;
  /** What could be read of a bad link. */
  salvage?: Salvage;
  /** In the phase `consent`. */
  wanted: readonly Wanted[];
  opened?: OpenedModel;
  /** What the address bar says. */
  view: ViewState;
  /** For the visitor, until dismissed. */
  notes: string[];
  tokenized?: TokenizedWindow;
  analysis?: Analysis;
  analysing: boolean;
  /** Opens the version of the page that has come in the meantime. */
  update?: () => void;
  /** What went wrong last; the page goes on. */
  problem?: FacetError;
  card?: FeatureCard;
  /** Of the open feature, over the view's texts. */
  examples?: ScanExamples;
  labels: Readonly<Record<number, FeatureLabel>>;
  /** Of the texts the view is over, as far as they were read; see `useScans`. */
  statistics?: ScanStatistics;
  /** They are being read. */
  sampling?: Progress;
  /** A dictionary is being fetched or put on the GPU. */
  switching?: Progress;
  profile: boolean;
  /** Part of a feature's number; not in the link. */
  search: string;
}

/** What views need, by their ids. */
export interface ViewNeeds {
  /** They show nothing without a model. */
  needsModel: (view: string) => boolean;
  /** They show what the model predicts of the text, and how well the dictionary stands for it. */
  predicts: (view: string) => boolean;
}

export interface PageActions {
  start: (views: ViewNeeds) => Promise<void>;
  cancelLoading: () => void;
  /** Loads again, with the view as it is. */
  retry: () => Promise<void>;
  /** Leaves a link that leads nowhere for the usual view, or for what could be read of it. */
  leaveLink: (what: 'default' | 'salvage') => Promise<void>;
  setText: (text: string) => void;
  setWindow: (start: number) => void;
  /** Makes a row active; `extend` brushes from the active one to it. */
  select: (row: number | null, extend?: boolean) => void;
  openFeature: (feature: number | null) => void;
  togglePin: (feature: number) => void;
  change: (part: Partial<ViewState>) => void;
  /** Shows another view, as a step one can go back from. */
  goTo: (view: string, part?: Partial<Omit<ViewState, 'v' | 'view'>>) => void;
  /** Opens a model with a dictionary, by reference, and shows what it reads. */
  open: (what: Pick<ViewState, 'model' | 'dictionary' | 'storage'>) => Promise<void>;
  setSearch: (search: string) => void;
  /** @param step `replace` where the choice follows from another step, so that going back undoes both */
  chooseDictionary: (id: string, step?: 'push' | 'replace') => Promise<void>;
  wantLabels: (features: readonly number[]) => Promise<void>;
  setProfile: (profile: boolean) => void;
  /** Computes on another backend from now on, and keeps the choice: opens the model there, with the view as it is. */
  computeOn: (backend: BackendChoice) => Promise<void>;
  dismissNotes: () => void;
  dismissProblem: () => void;
  /** Address of the view as it is. */
  link: () => Promise<string>;
  diagnostics: () => Promise<Diagnostics>;
}
