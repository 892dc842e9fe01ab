/** When this page load reached its stages, milliseconds after navigation began; absent until then, or where unknown. */
export interface ColdStart {
  /** The browser first painted content. */
  firstPaint?: number;
  /** Model and dictionary were on the device and their kernels compiled. */
  modelReady?: number;
  /** The first reading of a text, with its features, was handed to the page. */
  firstFeatures?: number;
}

const MARKS = { modelReady: 'facet:model-ready', firstFeatures: 'facet:first-features' } as const;

/** Marks a stage the first time it is reached. */
export function reached(stage: keyof typeof MARKS): void {
  if (performance.getEntriesByName(MARKS[stage]).length === 0) performance.mark(MARKS[stage]);
}

export function coldStart(): ColdStart {
  const at = (name: string): number | undefined => performance.getEntriesByName(name)[0]?.startTime;
  return {
    firstPaint: at('first-contentful-paint'),
    modelReady: at(MARKS.modelReady),
    firstFeatures: at(MARKS.firstFeatures),
  };
}
