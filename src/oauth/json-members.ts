/** Names of the outermost members of a JSON object, as often as they occur: JSON.parse keeps only the last of equal ones.
 *  `text` must already have been accepted by JSON.parse as an object. */
export function memberNames(text: string): string[] {
  const names: string[] = []
  let depth = 0
  let afterColon = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') depth -= 1
    else if (character === ':') afterColon = true
    else if (character === ',') afterColon = false
    else if (character === '"') {
      const end = endOfString(text, at)
      // In the outermost object, a string that does not follow a colon is a name.
      if (depth === 1 && !afterColon) names.push(JSON.parse(text.slice(at, end)) as string)
      at = end - 1
    }
  }
  return names
}

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}
