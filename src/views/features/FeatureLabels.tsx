export function FeatureLabels() {
  return null;
}
