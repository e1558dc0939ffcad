/** Ids as Taskcluster writes them: a random UUID in 22 letters. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // The first letter is never `-`; version 4, variant of RFC 4122.
  bytes[0] &= 0x7f;
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').slice(0, 22);
}
