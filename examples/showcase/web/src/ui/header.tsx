/** The top of each page, and on phones the tabs at its bottom. */
import { useLocation } from 'preact-iso'
import { player, signOut } from '../session/session'
import { Avatar } from './bits'
import { Icon, type IconName } from './icons'
import { choose, type Theme, theme } from './theme'
import { toast } from './toast'

interface Place {
  href: string
  label: string
  icon: IconName
}

const HOME: Place = { href: '/', label: 'Clips', icon: 'film' }
const BOARD: Place = { href: '/board', label: 'Leaderboard', icon: 'trophy' }
const MINE: Place = { href: '/mine', label: 'My videos', icon: 'user' }
const OPS: Place = { href: '/ops', label: 'Operations', icon: 'gauge' }
const UPLOAD: Place = { href: '/upload', label: 'Upload', icon: 'upload' }

export function Header() {
  const me = player.value
  const places = [HOME, BOARD, ...(me ? [MINE] : []), ...(me?.role === 'admin' ? [OPS] : [])]
  return (
    <header class="header">
      <div class="header-inner">
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span>Clip Contest</span>
        </a>
        <nav class="nav" aria-label="Main">
          {places.map((place) => (
            <NavLink key={place.href} {...place} />
          ))}
        </nav>
        <div class="header-end">
          <ThemeButton />
          {me ? <Account name={me.name} /> : me === null && <Guest />}
        </div>
      </div>
    </header>
  )
}

/** The same places within a thumb's reach. */
export function Tabs() {
  const places = [HOME, BOARD, UPLOAD, MINE, ...(player.value?.role === 'admin' ? [OPS] : [])]
  return (
    <nav class="tabs" aria-label="Tabs">
      {places.map((place) => (
        <NavLink key={place.href} {...place} />
      ))}
    </nav>
  )
}

function NavLink({ href, label, icon }: Place) {
  const { path } = useLocation()
  const isHere = href === '/' ? path === '/' : path.startsWith(href)
  return (
    <a href={href} aria-current={isHere ? 'page' : undefined}>
      <Icon name={icon} />
      <span>{label}</span>
    </a>
  )
}

function Guest() {
  return (
    <>
      <a class="button is-quiet" href="/sign-in">
        Sign in
      </a>
      <a class="button is-primary" href="/sign-up">
        Join
      </a>
    </>
  )
}

function Account({ name }: { name: string }) {
  const { route } = useLocation()
  const leave = async () => {
    try {
      await signOut()
      route('/')
    } catch (error) {
      toast(error instanceof Error ? error.message : 'You could not be signed out.')
    }
  }
  return (
    <>
      <a class="button is-primary only-wide" href="/upload">
        <Icon name="upload" /> Upload
      </a>
      <span class="account" title={`Signed in as ${name}`}>
        <Avatar name={name} />
        <span class="account-name">{name}</span>
      </span>
      <button type="button" class="icon-button" onClick={leave} aria-label="Sign out" title="Sign out">
        <Icon name="out" />
      </button>
    </>
  )
}

const NEXT: Record<Theme, [next: Theme, icon: IconName, label: string]> = {
  system: ['dark', 'auto', 'Colours: as the system says. Switch to dark'],
  dark: ['light', 'moon', 'Colours: dark. Switch to light'],
  light: ['system', 'sun', 'Colours: light. Switch to the system’s'],
}

function ThemeButton() {
  const [next, icon, label] = NEXT[theme.value]
  return (
    <button type="button" class="icon-button" onClick={() => choose(next)} aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  )
}
