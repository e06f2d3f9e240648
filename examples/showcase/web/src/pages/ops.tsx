/** For those who run the contest: what waits, what runs, and what failed. */
import { useLocation } from 'preact-iso'
import { api, body, done } from '../api/client'
import type { Counts, OpsRun, RunStatus } from '../api/types'
import { ago, between, figure, took } from '../format'
import { Scroll, StateBadge } from '../ui/bits'
import { confirm } from '../ui/confirm'
import { Admin } from '../ui/guard'
import { useAction, useEvery, useList, useResource, useTitle } from '../ui/hooks'
import { Icon } from '../ui/icons'
import { Empty, Failure, Loading, Notice } from '../ui/states'
import { toast } from '../ui/toast'

const PAGE = 25
const REFRESH_MS = 3_000
const STATUSES: RunStatus[] = ['QUEUED', 'RUNNING', 'READY', 'FAILED', 'CANCELLED']

export function Ops() {
  useTitle('Operations')
  return (
    <>
      <div class="page-head">
        <h1>Operations</h1>
      </div>
      <Admin>
        <CountsPanel />
        <Runs />
        <CachePanel />
      </Admin>
    </>
  )
}

function CountsPanel() {
  const counts = useResource('counts', (signal) => body(api.GET('/api/ops/counts', { signal })))
  useEvery(REFRESH_MS, counts.reload)
  if (!counts.data)
    return counts.problem ? <Failure problem={counts.problem} retry={counts.reload} /> : <Loading what="the counts" />
  const { runs, due } = counts.data
  return (
    <div class="ops-top">
      <dl class="figures">
        <Figure label="Queued runs" value={runs.queued} />
        <Figure label="Running runs" value={runs.running} />
        <Figure label="Tasks due" value={due} />
      </dl>
      <Queues counts={counts.data} />
    </div>
  )
}

function Figure({ label, value }: { label: string; value: number }) {
  return (
    <div class="card figure">
      <dt>{label}</dt>
      <dd>{figure(value)}</dd>
    </div>
  )
}

function Queues({ counts }: { counts: Counts }) {
  return (
    <section class="card" aria-labelledby="queues">
      <h2 id="queues">Queues</h2>
      {counts.queues.length === 0 ? (
        <p class="muted">Nothing waits.</p>
      ) : (
        <Scroll label="Queues, as a table">
          <table class="facts">
            <thead>
              <tr>
                <th scope="col">Workflow</th>
                <th scope="col" class="is-number">
                  Waiting
                </th>
              </tr>
            </thead>
            <tbody>
              {counts.queues.map((queue) => (
                <tr key={queue.workflow}>
                  <th scope="row">{queue.workflow}</th>
                  <td class="is-number">{figure(queue.count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  )
}

function Runs() {
  const { query, route } = useLocation()
  const status = STATUSES.find((known) => known === query.status)
  const runs = useList(
    `runs ${status ?? ''}`,
    (cursor, signal) =>
      body(
        api.GET('/api/ops/runs', {
          params: { query: { limit: PAGE, ...(status && { status }), ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    (run) => run.run,
  )
  return (
    <section class="card" aria-labelledby="runs">
      <div class="page-head">
        <h2 id="runs">Runs</h2>
        <div class="row">
          <label class="inline-field">
            <span>State</span>
            <select
              class="input"
              value={status ?? ''}
              onChange={(event) =>
                route(event.currentTarget.value ? `/ops?status=${event.currentTarget.value}` : '/ops', true)
              }
            >
              <option value="">All</option>
              {STATUSES.map((known) => (
                <option key={known} value={known}>
                  {known.charAt(0) + known.slice(1).toLowerCase()}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            class="icon-button"
            aria-label="Load the runs again"
            title="Load again"
            onClick={runs.reload}
          >
            <Icon name="retry" />
          </button>
        </div>
      </div>
      {runs.items.length > 0 && <RunTable runs={runs.items} />}
      {runs.isLoading && <Loading what="runs" />}
      {runs.problem && <Failure problem={runs.problem} retry={runs.reload} />}
      {!runs.isLoading && !runs.problem && runs.items.length === 0 && <Empty icon="gauge" title="No such runs" />}
      {runs.hasMore && !runs.isLoading && (
        <div class="row is-center">
          <button type="button" class="button" onClick={runs.more}>
            Load more
          </button>
        </div>
      )}
    </section>
  )
}

function RunTable({ runs }: { runs: OpsRun[] }) {
  return (
    <Scroll label="Runs, as a table">
      <table class="facts">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Workflow</th>
            <th scope="col">State</th>
            <th scope="col">Submitted</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run}>
              <th scope="row">
                <a class="code" href={`/ops/runs/${run.run}`}>
                  …{run.run.slice(-12)}
                </a>
              </th>
              <td>{run.workflow}</td>
              <td>
                <StateBadge state={run.status} />
              </td>
              <td>{ago(run.submitted_at)}</td>
              <td>{run.ended_at ? took(between(run.submitted_at, run.ended_at) ?? 0) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

const SCOPES = [
  ['rankings', 'Rankings'],
  ['lists', 'Lists'],
  ['all', 'Everything'],
] as const

function CachePanel() {
  const { isBusy, problem, run } = useAction()
  const order = async (kind: 'warm' | 'invalidate', scope: 'rankings' | 'lists' | 'all') => {
    if (kind === 'invalidate') {
      const text = 'The next readers wait until it is computed from the database.'
      if (!(await confirm({ title: 'Empty this cache?', text, action: 'Empty it', isDangerous: true }))) return
    }
    const isDone = await run(() => done(api.POST(`/api/admin/cache/${kind}`, { body: { scope } })))
    if (isDone) toast(kind === 'warm' ? 'The cache is being warmed.' : 'The cache was emptied.')
  }
  return (
    <section class="card stack" aria-labelledby="cache">
      <h2 id="cache">Caches</h2>
      <Notice problem={problem} />
      <ul class="caches">
        {SCOPES.map(([scope, title]) => (
          <li key={scope} class="row is-apart">
            <strong>{title}</strong>
            <span class="row">
              <button type="button" class="button is-small" disabled={isBusy} onClick={() => void order('warm', scope)}>
                Warm<span class="unseen"> {title}</span>
              </button>
              <button
                type="button"
                class="button is-small is-quiet"
                disabled={isBusy}
                onClick={() => void order('invalidate', scope)}
              >
                Empty<span class="unseen"> {title}</span>
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
