export function FeaturePage() {
  return null;
}
