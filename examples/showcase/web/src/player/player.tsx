/** The player: Media Chrome's controls around the browser's video, with tiles of the sprite over the seek bar. */
import { useEffect, useRef } from 'preact/hooks'
import type { Video } from '../api/types'
import { WatchMeter } from '../watch/meter'
import { report } from '../watch/report'
import './elements'
import './player.css'

/** How often the time watched is noted while the video plays. */
const NOTE_MS = 10_000

interface Props {
  video: Video
  /** The first time that it plays. */
  onView: () => void
}

export function Player({ video, onView }: Props) {
  const element = useRef<HTMLVideoElement>(null)
  const viewed = useRef(onView)
  viewed.current = onView
  useEffect(
    () => (element.current ? measure(element.current, video.id, () => viewed.current()) : undefined),
    [video.id],
  )
  return (
    <media-controller class="player" aria-label={`Player of ${video.title}`}>
      {/* The pipeline removes the sound, so there is nothing to caption. */}
      <video
        ref={element}
        slot="media"
        src={video.video_url ?? undefined}
        poster={video.poster_url ?? undefined}
        preload="metadata"
        playsInline
        muted
        loop
        width={video.width_px ?? undefined}
        height={video.height_px ?? undefined}
      >
        {video.sprites && (
          <track kind="metadata" label="thumbnails" default src={`/api/videos/${video.id}/sprites.vtt`} />
        )}
      </video>
      <media-loading-indicator slot="centered-chrome" noautohide />
      <media-control-bar>
        <media-play-button />
        <media-time-range />
        <media-time-display showduration notoggle />
        <media-playback-rate-button rates="0.25 0.5 1 2" />
        <media-fullscreen-button />
      </media-control-bar>
    </media-controller>
  )
}

/** Reports the view and the time watched; gives what ends it. */
function measure(element: HTMLVideoElement, id: string, onView: () => void): () => void {
  const meter = new WatchMeter()
  let isViewed = false
  const note = () => {
    const ms = meter.take()
    if (ms > 0) report(id, 'watch', ms)
  }
  const playing = () => {
    if (isViewed) return
    isViewed = true
    report(id, 'view')
    onView()
  }
  const moved = () => (element.paused || element.seeking ? meter.stop() : meter.at(element.currentTime * 1000))
  const stopped = () => {
    meter.stop()
    note()
  }
  // In the capture phase, before the page's own listener sends what is noted.
  const hidden = () => document.visibilityState === 'hidden' && note()
  const ends = new AbortController()
  const { signal } = ends
  element.addEventListener('playing', playing, { signal })
  element.addEventListener('timeupdate', moved, { signal })
  element.addEventListener('seeking', () => meter.stop(), { signal })
  element.addEventListener('pause', stopped, { signal })
  document.addEventListener('visibilitychange', hidden, { signal, capture: true })
  const timer = setInterval(note, NOTE_MS)
  return () => {
    clearInterval(timer)
    ends.abort()
    note()
  }
}
