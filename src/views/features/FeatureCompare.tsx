export function FeatureCompare() {
  return null;
}
