/** The page's icons: drawn with the colour of the text beside them, and silent to screen readers. */

const PATHS = {
  play: 'M8 5.5v13l10.5-6.5z',
  heart: 'M12 20s-7.5-4.6-7.5-10.2A4.3 4.3 0 0 1 12 7.2a4.3 4.3 0 0 1 7.5 2.6C19.5 15.4 12 20 12 20z',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6z',
  upload: 'M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M4.5 16v2.5a1.5 1.5 0 0 0 1.5 1.5h12a1.5 1.5 0 0 0 1.5-1.5V16',
  trophy:
    'M8 4h8v5a4 4 0 0 1-8 0zM8 5.5H4.5V7A3.5 3.5 0 0 0 8 10.5M16 5.5h3.5V7a3.5 3.5 0 0 1-3.5 3.5M12 13v3.5m-3.5 3.5h7l-1-3.5h-5z',
  film: 'M4 5.5h16v13H4zM8 5.5v13m8-13v13M4 10h4m-4 4.5h4M16 10h4m-4 4.5h4',
  search: 'M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM15 15l5 5',
  gauge: 'M4.5 18a9 9 0 1 1 15 0M12 14l4-5M12 12.8a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6.5 6.5l11 11m0-11l-11 11',
  alert: 'M12 4.5l8.5 15h-17zM12 10v4.5m0 2.3v.2',
  clock: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zm0 3.5V12l3 2',
  pause: 'M8.5 6v12m7-12v12',
  retry: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5',
  trash: 'M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5m3-5.5v5.5',
  share: 'M12 15V4.5m0 0L8.5 8M12 4.5L15.5 8M7 11.5H5.5V20h13v-8.5H17',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 3v1.5m0 15V21M3 12h1.5m15 0H21M5.6 5.6l1.1 1.1m10.6 10.6l1.1 1.1m0-12.8l-1.1 1.1M6.7 17.3l-1.1 1.1',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  auto: 'M12 4a8 8 0 1 1 0 16zM12 4v16a8 8 0 0 1 0-16z',
  user: 'M12 4.5a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6zM4.5 20c.6-3.8 3.6-5.5 7.5-5.5s6.9 1.7 7.5 5.5',
  out: 'M14 5H6v14h8M10.5 12H20m0 0l-3.5-3.5M20 12l-3.5 3.5',
  chevron: 'M9 6l6 6-6 6',
  history: 'M4.5 12a7.5 7.5 0 1 0 2.3-5.4L4.5 9M4.5 4.5V9H9M12 8v4.3l3 1.7',
} as const

export type IconName = keyof typeof PATHS

const SOLID: readonly IconName[] = ['play']

export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  const isSolid = filled || SOLID.includes(name)
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill={isSolid ? 'currentColor' : 'none'}>
      <path d={PATHS[name]} stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}
