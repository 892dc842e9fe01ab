export function Scan() {
  return null;
}
