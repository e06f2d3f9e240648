/** The leaderboard: of all, of a city, and around the player. */
import { useLocation } from 'preact-iso'
import { api, body } from '../api/client'
import type { Place } from '../api/types'
import { score } from '../format'
import { player } from '../session/session'
import { PlayerLine } from '../ui/bits'
import { useEvery, useList, useResource, useTitle } from '../ui/hooks'
import { Empty, Failure, Loading } from '../ui/states'

const PAGE = 25
const RADIUS = 3
const REFRESH_MS = 5_000

export function Board() {
  useTitle('Leaderboard')
  const { query, route } = useLocation()
  const city = query.city ?? ''
  const cities = useResource('cities', (signal) => body(api.GET('/api/cities', { signal })))
  return (
    <div class="narrow">
      <div class="page-head">
        <h1>{city ? `Leaderboard of ${city}` : 'Leaderboard'}</h1>
        <label class="inline-field">
          <span>Board</span>
          <select
            class="input"
            value={city}
            onChange={(event) =>
              route(
                event.currentTarget.value ? `/board?city=${encodeURIComponent(event.currentTarget.value)}` : '/board',
              )
            }
          >
            <option value="">All cities</option>
            {cities.data?.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="muted lead">
        A like counts most, then views, then time watched. Points fade with time, so fresh skill wins.
      </p>
      {player.value && (!city || player.value.city === city) && <AroundMe city={city} />}
      <Ranking city={city} />
    </div>
  )
}

function AroundMe({ city }: { city: string }) {
  const around = useResource(`around ${city}`, (signal) =>
    body(api.GET('/api/rankings/around-me', { params: { query: { radius: RADIUS, ...(city && { city }) } }, signal })),
  )
  useEvery(REFRESH_MS, around.reload)
  const items = around.data?.items ?? []
  if (items.length === 0) return null
  return (
    <section class="card" aria-labelledby="around">
      <h2 id="around">Around you</h2>
      <Rows items={items} label="Players around you" />
    </section>
  )
}

function Ranking({ city }: { city: string }) {
  const ranking = useList(
    `board ${city}`,
    (cursor, signal) =>
      body(
        api.GET('/api/rankings', {
          params: { query: { limit: PAGE, ...(city && { city }), ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    (item) => item.player.id,
  )
  const first = useResource(`first ${city}`, (signal) =>
    body(api.GET('/api/rankings', { params: { query: { limit: PAGE, ...(city && { city }) } }, signal })),
  )
  useEvery(REFRESH_MS, first.reload)
  // Who is on the first page is kept fresh; the pages below it are as they were when they were asked for.
  const isOnePage = ranking.items.length <= PAGE
  const items = isOnePage && first.data ? first.data.items : ranking.items
  return (
    <section class="card" aria-labelledby="all">
      <h2 id="all">{city ? 'All of the city' : 'All players'}</h2>
      {items.length > 0 && <Rows items={items} label="All players" />}
      {ranking.isLoading && <Loading what="the board" />}
      {ranking.problem && (
        <Failure problem={ranking.problem} retry={items.length > 0 ? ranking.more : ranking.reload} />
      )}
      {!ranking.isLoading && !ranking.problem && items.length === 0 && (
        <Empty icon="trophy" title="No points yet">
          <p>Likes and views put players here.</p>
        </Empty>
      )}
      {ranking.hasMore && !ranking.isLoading && !ranking.problem && (
        <div class="row is-center">
          <button type="button" class="button" onClick={ranking.more}>
            Load more
          </button>
        </div>
      )}
    </section>
  )
}

function Rows({ items, label }: { items: Place[]; label: string }) {
  const best = Math.max(...items.map((item) => item.score), 1)
  return (
    <table class="ranking" aria-label={label}>
      <thead class="unseen">
        <tr>
          <th scope="col">Rank</th>
          <th scope="col">Player</th>
          <th scope="col">Points</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.player.id} class={item.player.id === player.value?.id ? 'is-me' : ''}>
            <td>
              <span class={`rank is-${item.rank}`}>{item.rank}</span>
            </td>
            <td>
              <a class="plain" href={`/?player=${encodeURIComponent(item.player.name)}`}>
                <PlayerLine player={item.player} />
              </a>
            </td>
            <td class="points">
              <span class="points-value">{score(item.score)}</span>
              <span class="points-bar" aria-hidden="true">
                <span style={{ inlineSize: `${(100 * item.score) / best}%` }} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
