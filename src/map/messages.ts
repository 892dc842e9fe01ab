import type { FacetErrorRecord } from '../shared/errors.ts';
import type { FeatureLayout, LayoutRequest } from './layout.ts';

export type ToMapWorker = LayoutRequest;

export type FromMapWorker =
  | { kind: 'partial'; epoch: number; epochs: number; positions: Float32Array<ArrayBuffer> }
  | { kind: 'done'; layout: FeatureLayout }
  | { kind: 'failed'; error: FacetErrorRecord };
