/**
 * Patterns of names: `*` stands for any number of characters, `?` for one. Compared in time linear to both, for any pattern.
 */

/** Most wildcards of a pattern. */
export const wildcardsMax = 8;

/** Whether the whole name fits the pattern. */
export function fitsPattern(pattern: string, name: string): boolean {
  let [at, next] = [0, 0];
  // Where the last star was, and how much of the name it has taken so far: no earlier star ever has to take more.
  let [star, taken] = [-1, 0];
  while (next < name.length) {
    if (at < pattern.length && (pattern[at] === "?" || (pattern[at] === name[next] && pattern[at] !== "*"))) {
      at++;
      next++;
    } else if (pattern[at] === "*") {
      [star, taken] = [at, next];
      at++;
    } else if (star >= 0) {
      taken++;
      [at, next] = [star + 1, taken];
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** Whether a name fits one of the patterns; none of them means every name. */
export function fitsOneOf(patterns: readonly string[], name: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => fitsPattern(pattern, name));
}
