export function ScanOverview() {
  return null;
}
