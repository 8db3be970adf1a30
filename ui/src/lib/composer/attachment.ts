/** Whether a text speaks of a file that is not there. */

const WORDS =
  /(?<![\p{L}])(?:attached|attachment|enclosed|im\s+anhang|anbei|angehängt|beigefügt|adjunto|adjunta|adjuntos|adjuntamos)(?![\p{L}])/iu;

/** The word that speaks of a file, or `null`. Quoted lines do not count. */
export function speaksOfFile(text: string): string | null {
  const own = text
    .split('\n')
    .filter((line) => !line.startsWith('>'))
    .join('\n');
  return WORDS.exec(own)?.[0] ?? null;
}
