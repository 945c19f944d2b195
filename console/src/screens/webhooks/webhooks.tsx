// Still to be written.
export default function Screen() {
  return null;
}
