/** A video: how it is being made, and then the video itself. */

import { useCallback } from 'preact/hooks'
import { useLocation, useRoute } from 'preact-iso'
import { api, body } from '../api/client'
import type { Video } from '../api/types'
import { ago } from '../format'
import { player } from '../session/session'
import { PlayerLine } from '../ui/bits'
import { useResource, useTitle } from '../ui/hooks'
import { Icon } from '../ui/icons'
import { Failure, Loading } from '../ui/states'
import { erase } from './mine'
import { HistoryPanel } from './video-history'
import { RunPanel } from './video-run'
import { Watch } from './video-watch'

export function VideoPage() {
  const { params } = useRoute()
  const id = params.id ?? ''
  const video = useResource(`${id} ${player.value?.id ?? ''}`, (signal) =>
    body(api.GET('/api/videos/{id}', { params: { path: { id } }, signal, cache: 'no-cache' })),
  )
  useTitle(video.data?.title ?? 'Video')
  if (video.data) return <Whole video={video.data} reload={video.reload} set={video.set} />
  return video.problem ? <Failure problem={video.problem} retry={video.reload} /> : <Loading what="the video" />
}

interface Props {
  video: Video
  reload: () => void
  set: (video: Video) => void
}

function Whole({ video, reload, set }: Props) {
  const { route } = useLocation()
  const isOwn = video.player.id === player.value?.id
  const mayDelete = isOwn || player.value?.role === 'admin'
  const ended = useCallback(reload, [reload])
  const remove = async () => {
    if (await erase(video)) route('/mine', true)
  }
  return (
    <article class="video-page">
      {video.state === 'READY' && <Watch key={video.id} video={video} set={set} />}
      <header class="video-head">
        <h1>{video.title}</h1>
        <a class="plain" href={`/?player=${encodeURIComponent(video.player.name)}`}>
          <PlayerLine player={video.player} when={ago(video.created_at)} />
        </a>
      </header>
      {video.state === 'UPLOADING' && (
        <div class="card stack">
          <p>This upload is not finished.</p>
          <a class="button is-primary" href={`/upload?resume=${video.id}`}>
            <Icon name="upload" /> Go on with it
          </a>
        </div>
      )}
      {video.state !== 'READY' && video.state !== 'UPLOADING' && <RunPanel video={video.id} onEnd={ended} />}
      {isOwn && video.state !== 'UPLOADING' && <HistoryPanel video={video.id} state={video.state} />}
      {mayDelete && (
        <div class="row is-end">
          <button type="button" class="button is-quiet" onClick={() => void remove()}>
            <Icon name="trash" /> Delete this video
          </button>
        </div>
      )}
    </article>
  )
}
