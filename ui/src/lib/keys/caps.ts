/** How keys are shown: a cap each, by the platform's habit. */
const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

const mac: Record<string, string> = { Mod: '⌘', Alt: '⌥', Shift: '⇧', Ctrl: '⌃' };
const other: Record<string, string> = { Mod: 'Ctrl' };
const both: Record<string, string> = {
  Enter: '↵',
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
};

/** "Mod+Enter" → ["Ctrl", "↵"]; "g t" → ["G", "T"]. */
export function keyCaps(keys: string): string[] {
  return keys
    .split(' ')
    .flatMap((chord) => (chord === '+' ? ['+'] : chord.split('+')))
    .map(
      (key) => both[key] ?? (isMac ? mac[key] : other[key]) ?? (key.length === 1 ? key.toUpperCase() : key),
    );
}
