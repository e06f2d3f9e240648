/** All clips that are ready, searched by title and player; the clips of one player. */

import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { api, body } from '../api/client'
import { player } from '../session/session'
import { ClipCard, ClipSkeletons } from '../ui/clip-card'
import { useList, useSettled, useTitle } from '../ui/hooks'
import { Icon } from '../ui/icons'
import { Empty, Failure } from '../ui/states'

const PAGE = 24

export function Feed() {
  useTitle('Clips')
  const { query } = useLocation()
  const [q, by] = [query.q ?? '', query.player ?? '']
  const clips = useList(
    // Likes are the player's own: another player's list is another list.
    `${player.value?.id ?? ''}?${new URLSearchParams({ q, by })}`,
    (cursor, signal) =>
      body(
        api.GET('/api/videos', {
          params: { query: { limit: PAGE, ...(q && { q }), ...(by && { player: by }), ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    (clip) => clip.id,
  )
  return (
    <>
      {player.value === null && !q && !by && <Welcome />}
      <div class="page-head">
        <h1>{by ? `Clips by ${by}` : q ? `Clips with “${q}”` : 'Newest clips'}</h1>
        <Search q={q} by={by} />
      </div>
      <div class="clips">
        {clips.items.map((clip) => (
          <ClipCard key={clip.id} clip={clip} />
        ))}
      </div>
      {clips.isLoading && <ClipSkeletons many={clips.items.length > 0 ? 4 : 8} />}
      {clips.problem && <Failure problem={clips.problem} retry={clips.items.length > 0 ? clips.more : clips.reload} />}
      {!clips.isLoading && !clips.problem && clips.items.length === 0 && <Nothing isSearch={q !== '' || by !== ''} />}
      {clips.hasMore && !clips.isLoading && !clips.problem && (
        <div class="row is-center">
          <button type="button" class="button" onClick={clips.more}>
            Load more
          </button>
        </div>
      )}
    </>
  )
}

function Welcome() {
  return (
    <section class="welcome">
      <div>
        <p class="welcome-title">Show your skill. Thirty seconds.</p>
        <p>Upload a clip, watch it go through the studio live, collect likes and climb your city’s board.</p>
      </div>
      <div class="row">
        <a class="button is-primary" href="/sign-up">
          Join the contest
        </a>
        <a class="button" href="/board">
          <Icon name="trophy" /> See the board
        </a>
      </div>
    </section>
  )
}

function Search({ q, by }: { q: string; by: string }) {
  const { route } = useLocation()
  const [typed, setTyped] = useState(q)
  const settled = useSettled(typed, 350)
  // The address may change by a link as well.
  useEffect(() => setTyped(q), [q])
  useEffect(() => {
    const text = settled.trim()
    if (settled !== typed || text === q) return
    const query = new URLSearchParams({ ...(text && { q: text }), ...(by && { player: by }) })
    route(`/${query.size > 0 ? `?${query}` : ''}`, true)
  }, [settled, typed, q, by, route])
  return (
    <search class="search">
      {by && (
        <a class="button is-small" href={q ? `/?${new URLSearchParams({ q })}` : '/'}>
          <Icon name="cross" /> All players
        </a>
      )}
      <div class="input-icon">
        <Icon name="search" />
        <input
          type="search"
          class="input"
          aria-label="Search by title or player"
          placeholder="Title or player"
          maxLength={80}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </div>
    </search>
  )
}

function Nothing({ isSearch }: { isSearch: boolean }) {
  return isSearch ? (
    <Empty icon="search" title="No clip fits">
      <p>Try fewer letters, or look at all of them.</p>
      <a class="button" href="/">
        All clips
      </a>
    </Empty>
  ) : (
    <Empty icon="film" title="No clips yet">
      <p>The stage is empty. Be the first one on it.</p>
      <a class="button is-primary" href="/upload">
        <Icon name="upload" /> Upload a clip
      </a>
    </Empty>
  )
}
