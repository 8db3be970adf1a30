/** How well typed letters fit a name: in order, better at the beginnings of words and side by side. `null` for not at all. */
export function fuzzy(typed: string, name: string): number | null {
  const wanted = fold(typed).replaceAll(' ', '');
  const text = fold(name);
  if (wanted === '') return 0;
  let score = 0;
  let from = 0;
  let before = -2;
  for (const letter of wanted) {
    const at = text.indexOf(letter, from);
    if (at < 0) return null;
    if (at === before + 1) score += 4;
    if (at === 0 || /[\s·,.:@-]/.test(text.charAt(at - 1))) score += 6;
    score -= Math.min(3, at - from);
    before = at;
    from = at + 1;
  }
  return score - text.length / 50;
}

/** Without accents and capitals: "Ähnlich" is found by "ahn". */
const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
