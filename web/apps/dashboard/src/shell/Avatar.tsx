/** The first letters of a name. Decoration: the name stands beside it. */
export function Avatar({ name, small = false }: { name: string; small?: boolean }) {
  // Drawn by CSS: text that is hidden from screen readers would still count as the button's words.
  const letters = [...name.trim()].filter((_, i, all) => i === 0 || all[i - 1] === ' ');
  return (
    <span
      aria-hidden="true"
      className={`grid shrink-0 place-items-center rounded-full bg-surface-2 font-semibold text-muted uppercase ring-1 ring-line before:content-[attr(data-letters)] ${small ? 'size-7 text-xs' : 'size-9 text-sm'}`}
      data-letters={letters.slice(0, 2).join('') || '?'}
    />
  );
}
