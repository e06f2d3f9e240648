/** Dark or light: as the system says, until the reader chooses. */
import { signal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

const PLACE = 'contest.theme'

export const theme = signal<Theme>(stored())

export function choose(next: Theme): void {
  theme.value = next
  if (next === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = next
  try {
    if (next === 'system') localStorage.removeItem(PLACE)
    else localStorage.setItem(PLACE, next)
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}

function stored(): Theme {
  const set = document.documentElement.dataset.theme
  return set === 'light' || set === 'dark' ? set : 'system'
}
