/** A clip in a list. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { VideoCard } from '../api/types'
import { ago, clock, count, counted } from '../format'
import { Avatar, StateBadge } from './bits'
import { Icon } from './icons'

export function ClipCard({ clip, children }: { clip: VideoCard; children?: ComponentChildren }) {
  return (
    <article class="clip">
      <a class="clip-link" href={clip.state === 'UPLOADING' ? `/upload?resume=${clip.id}` : `/v/${clip.id}`}>
        <Poster clip={clip} />
        <h3>{clip.title}</h3>
      </a>
      <div class="clip-facts">
        <Avatar name={clip.player.name} />
        <p>
          <a href={`/?player=${encodeURIComponent(clip.player.name)}`}>{clip.player.name}</a>
          <span class="muted">
            {clip.player.city} · {ago(clip.created_at)}
          </span>
        </p>
        <p class="clip-counts">
          <span class={clip.liked_by_me ? 'is-liked' : ''}>
            <Icon name="heart" filled={clip.liked_by_me} />
            <span class="unseen">{counted(clip.likes, 'like')}</span>
            <span aria-hidden="true">{count(clip.likes)}</span>
          </span>
          <span>
            <Icon name="eye" />
            <span class="unseen">{counted(clip.views, 'view')}</span>
            <span aria-hidden="true">{count(clip.views)}</span>
          </span>
        </p>
      </div>
      {children}
    </article>
  )
}

function Poster({ clip }: { clip: VideoCard }) {
  const [isBroken, setBroken] = useState(false)
  return (
    <div class="poster">
      {clip.poster_url && !isBroken ? (
        <img
          src={clip.poster_url}
          alt=""
          loading="lazy"
          decoding="async"
          width="640"
          height="360"
          onError={() => setBroken(true)}
        />
      ) : (
        <span class="poster-none">
          <Icon name="film" />
        </span>
      )}
      {clip.state === 'READY' ? (
        clip.duration_ms != null && <span class="poster-length">{clock(clip.duration_ms)}</span>
      ) : (
        <StateBadge state={clip.state} />
      )}
    </div>
  )
}

export function ClipSkeletons({ many = 8 }: { many?: number }) {
  return (
    <div class="clips" role="status" aria-label="Loading clips">
      {Array.from({ length: many }, (_, at) => (
        <div key={at} class="clip is-skeleton" aria-hidden="true">
          <div class="poster" />
          <div class="skeleton-line" />
          <div class="skeleton-line is-short" />
        </div>
      ))}
    </div>
  )
}
