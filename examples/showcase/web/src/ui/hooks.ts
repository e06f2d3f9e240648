/** What pages need to load and show what the API gives. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, isAborted, type Problem } from '../api/problem'
import { append, NO_PAGES, type Page, type Pages } from '../paging'

export interface Resource<T> {
  data: T | null
  problem: Problem | null
  isLoading: boolean
  reload: () => void
  /** Puts in what an action's answer said, ahead of the next load. */
  set: (data: T) => void
}

/** Loads once for each `key`; old data stays on the page while the same key is loaded again. */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [state, setState] = useState<{ key: string; data: T | null; problem: Problem | null; isLoading: boolean }>({
    key,
    data: null,
    problem: null,
    isLoading: true,
  })
  const [round, setRound] = useState(0)
  const loader = useRef(load)
  loader.current = load
  // A new round loads the same key again.
  useEffect(() => {
    const abort = new AbortController()
    setState((old) => ({ key, data: old.key === key ? old.data : null, problem: null, isLoading: true }))
    loader.current(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ key, data, problem: null, isLoading: false }),
      (error) => {
        if (abort.signal.aborted || isAborted(error)) return
        setState((old) => ({ ...old, problem: asProblem(error), isLoading: false }))
      },
    )
    return () => abort.abort()
  }, [key, round])
  const reload = useCallback(() => setRound((old) => old + 1), [])
  const set = useCallback((data: T) => setState((old) => ({ ...old, data })), [])
  const isOld = state.key !== key
  return {
    data: isOld ? null : state.data,
    problem: isOld ? null : state.problem,
    isLoading: isOld || state.isLoading,
    reload,
    set,
  }
}

export interface List<T> {
  items: T[]
  hasMore: boolean
  problem: Problem | null
  isLoading: boolean
  more: () => void
  reload: () => void
  remove: (gone: (item: T) => boolean) => void
}

/** A list that grows page by page. `keyOf` tells items apart. */
export function useList<T>(
  key: string,
  load: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>,
  keyOf: (item: T) => string,
): List<T> {
  const [pages, setPages] = useState<Pages<T>>(NO_PAGES)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isLoading, setLoading] = useState(true)
  const [round, setRound] = useState(0)
  const current = useRef({ load, keyOf, abort: new AbortController() })
  current.current.load = load
  current.current.keyOf = keyOf

  const fetchPage = useCallback((base: Pages<T>, cursor: string | null) => {
    const { abort, load, keyOf } = current.current
    setLoading(true)
    setProblem(null)
    load(cursor, abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return
        setPages(append(base, page, keyOf))
        setLoading(false)
      },
      (error) => {
        if (abort.signal.aborted || isAborted(error)) return
        setProblem(asProblem(error))
        setLoading(false)
      },
    )
  }, [])

  // A new round reads the same list again.
  useEffect(() => {
    const abort = new AbortController()
    current.current.abort = abort
    setPages(NO_PAGES)
    fetchPage(NO_PAGES, null)
    return () => abort.abort()
  }, [key, round, fetchPage])

  return {
    items: pages.items,
    hasMore: pages.next !== null,
    problem,
    isLoading,
    more: () => fetchPage(pages, pages.next),
    reload: useCallback(() => setRound((old) => old + 1), []),
    remove: (gone) => setPages((old) => ({ ...old, items: old.items.filter((item) => !gone(item)) })),
  }
}

/** Sets the title of the document. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Clip Contest`
  }, [title])
}

/** Calls `work` again and again while the page is seen. */
export function useEvery(ms: number, work: () => void): void {
  const worker = useRef(work)
  worker.current = work
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') worker.current()
    }, ms)
    return () => clearInterval(timer)
  }, [ms])
}

/** A value that lags behind until it has been still for `ms`: for what is typed. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}

/** Runs actions one at a time; says which problem the last one met. */
export function useAction(): {
  isBusy: boolean
  problem: Problem | null
  run: (work: () => Promise<void>) => Promise<boolean>
} {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const run = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    try {
      await work()
      return true
    } catch (error) {
      setProblem(asProblem(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { isBusy, problem, run }
}
