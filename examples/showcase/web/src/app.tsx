/** The frame of all pages: header, navigation, and what the address names. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from 'preact-iso'
import { asProblem, Problem } from './api/problem'
import { Feed } from './pages/feed'
import { NotFound } from './pages/not-found'
import { SignIn, SignUp } from './pages/sign'
import { player } from './session/session'
import { Confirm } from './ui/confirm'
import { Header, Tabs } from './ui/header'
import { Failure, Loading } from './ui/states'
import { Toasts } from './ui/toast'

const Board = lazy(() => import('./pages/board').then((page) => page.Board))
const Mine = lazy(() => import('./pages/mine').then((page) => page.Mine))
const Ops = lazy(() => import('./pages/ops').then((page) => page.Ops))
const OpsRunPage = lazy(() => import('./pages/ops-run').then((page) => page.OpsRunPage))
const UploadPage = lazy(() => import('./pages/upload').then((page) => page.UploadPage))
const VideoPage = lazy(() => import('./pages/video').then((page) => page.VideoPage))

/** Most often the page's files were replaced by those of a newer one while it was open. */
const BROKEN = new Problem('broken', 0, 'This page could not be shown. Load it again.')

export function App({ start }: { start: () => Promise<void> }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const begin = () => {
    setProblem(null)
    start().catch((error) => setProblem(asProblem(error)))
  }
  // Once, when the page begins.
  useEffect(begin, [])
  return (
    <LocationProvider>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <Main problem={problem} retry={begin} />
      <Tabs />
      <Toasts />
      <Confirm />
    </LocationProvider>
  )
}

function Main({ problem, retry }: { problem: Problem | null; retry: () => void }) {
  const main = useRef<HTMLElement>(null)
  const { path } = useLocation()
  const shown = useRef(path)
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [path])
  return (
    <main id="main" ref={main} tabIndex={-1}>
      {problem ? (
        <Failure problem={problem} retry={retry} />
      ) : player.value === undefined ? (
        <Loading what="your session" />
      ) : (
        <Pages />
      )}
    </main>
  )
}

function Pages() {
  const [isBroken, setBroken] = useState(false)
  if (isBroken) return <Failure problem={BROKEN} retry={() => location.reload()} />
  return (
    <ErrorBoundary onError={(error) => setBroken(report(error))}>
      <Router>
        <Route path="/" component={Feed} />
        <Route path="/board" component={Board} />
        <Route path="/mine" component={Mine} />
        <Route path="/upload" component={UploadPage} />
        <Route path="/v/:id" component={VideoPage} />
        <Route path="/ops" component={Ops} />
        <Route path="/ops/runs/:run" component={OpsRunPage} />
        <Route path="/sign-in" component={SignIn} />
        <Route path="/sign-up" component={SignUp} />
        <Route default component={NotFound} />
      </Router>
    </ErrorBoundary>
  )
}

/** For those who look into the console; the page says what can be done. */
function report(error: unknown): true {
  console.error(error)
  return true
}
