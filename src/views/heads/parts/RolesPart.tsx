/** What the head does, in roles of features. */
export default function RolesPart() {
  return null;
}
