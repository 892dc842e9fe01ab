export function Texts() {
  return null;
}
