export function FeatureMap() {
  return null;
}
