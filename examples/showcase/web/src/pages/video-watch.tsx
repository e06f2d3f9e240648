/** A video that is ready: the player, likes, and a link to share. */
import { useLocation } from 'preact-iso'
import { api, body } from '../api/client'
import type { Video } from '../api/types'
import { counted } from '../format'
import { Player } from '../player/player'
import { player } from '../session/session'
import { useAction } from '../ui/hooks'
import { Icon } from '../ui/icons'
import { Notice } from '../ui/states'
import { toast } from '../ui/toast'
import { flushReports } from '../watch/report'

interface Props {
  video: Video
  set: (video: Video) => void
}

export function Watch({ video, set }: Props) {
  const viewed = () => {
    set({ ...video, views: video.views + 1 })
    void flushReports()
  }
  return (
    <div class="watch">
      <Player video={video} onView={viewed} />
      <div class="row is-apart watch-bar">
        <span class="muted">
          <Icon name="eye" /> {counted(video.views, 'view')}
        </span>
        <div class="row">
          <LikeButton video={video} set={set} />
          <ShareButton video={video} />
        </div>
      </div>
    </div>
  )
}

function LikeButton({ video, set }: Props) {
  const { route, url } = useLocation()
  const { isBusy, problem, run } = useAction()
  const toggle = () => {
    if (!player.value) return route(`/sign-in?next=${encodeURIComponent(url)}`)
    const path = { params: { path: { id: video.id } } }
    void run(async () => {
      const likes = await body(
        video.liked_by_me ? api.DELETE('/api/videos/{id}/like', path) : api.PUT('/api/videos/{id}/like', path),
      )
      set({ ...video, ...likes })
    })
  }
  return (
    <>
      {problem && <Notice problem={problem} />}
      <button
        type="button"
        class={`button like ${video.liked_by_me ? 'is-liked' : ''}`}
        aria-pressed={video.liked_by_me}
        aria-label={`Like, ${counted(video.likes, 'like')}`}
        disabled={isBusy}
        onClick={toggle}
      >
        <Icon name="heart" filled={video.liked_by_me} /> {video.likes}
      </button>
    </>
  )
}

function ShareButton({ video }: { video: Video }) {
  const share = async () => {
    const url = new URL(video.share_path, location.origin).href
    try {
      if (navigator.share && matchMedia('(pointer: coarse)').matches)
        return await navigator.share({ title: video.title, url })
      await navigator.clipboard.writeText(url)
      toast('The link is copied.')
    } catch (error) {
      // Closing the share sheet is no failure.
      if (!(error instanceof DOMException && error.name === 'AbortError')) toast(`Copy this link: ${url}`)
    }
  }
  return (
    <button type="button" class="button" onClick={() => void share()}>
      <Icon name="share" /> Share
    </button>
  )
}
